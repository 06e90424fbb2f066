// What bytes_of_rows promises: no full chunk takes more, and the promise is not far above what one takes.
#include "core/index/chunk_layout.h"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/base/slab_allocator.h"
#include "core/index/vector_index.h"
#include "kernels/search/search_dispatch.h"
#include "support/check.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kSomeDimensions[] = {1, 8, 15, 16, 17, 20, 384, 385, 768, 1024, 4096, kMaxDimensions};

// A chunk in the allocator's memory, with the object that describes it.
std::size_t chunk_bytes(std::size_t dimensions) {
  const ChunkLayout layout(dimensions);
  return SlabAllocator(layout.row_bytes()).piece_bytes() + SlabAllocator(layout.code_bytes()).piece_bytes() +
         sizeof(RowChunk) + sizeof(PlainCodes);
}

void test_rows_take_their_floats_codes_and_64_bytes() {
  CHECK(bytes_of_rows(20, 0) == 0);
  CHECK(bytes_of_rows(20, 1) == 32 * 5 + 64);
  CHECK(bytes_of_rows(384, 1000) == 1000 * (384 * 5 + 64));
  CHECK(bytes_of_rows(kMaxDimensions, std::uint64_t{1} << 46) ==
        (std::uint64_t{1} << 46) * (kMaxDimensions * 5 + 64));
}

void test_a_full_chunk_takes_no_more_than_its_rows_may() {
  for (const std::size_t dimensions : kSomeDimensions) {
    const std::uint64_t planned = bytes_of_rows(dimensions, kRowsPerChunk);
    CHECK(chunk_bytes(dimensions) <= planned);
    CHECK(planned <= chunk_bytes(dimensions) * 3 / 2);
  }
}

// With the key map and the lists of chunks; 257 chunks, so that the parts of the key map have grown unevenly.
void test_an_index_of_full_chunks_holds_no_more_than_planned() {
  for (const std::size_t dimensions : {std::size_t{1}, std::size_t{20}}) {
    for (const std::size_t chunks : {1, 2, 7, 257}) {
      VectorIndex index(dimensions, active_search_kernel());
      std::vector<std::uint64_t> keys(chunks * kRowsPerChunk);
      std::iota(keys.begin(), keys.end(), std::uint64_t{0});
      index.add(keys, std::vector<float>(keys.size() * dimensions, 0.5F));
      CHECK(index.sizes().memory_bytes <= bytes_of_rows(dimensions, keys.size()));
    }
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_rows_take_their_floats_codes_and_64_bytes();
  test_a_full_chunk_takes_no_more_than_its_rows_may();
  test_an_index_of_full_chunks_holds_no_more_than_planned();
  return finish();
}
