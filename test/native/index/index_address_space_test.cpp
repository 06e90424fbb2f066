// An index that the system refuses memory: it throws std::bad_alloc and stays as it was.
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstdio>
#include <new>
#include <numeric>
#include <vector>

#include "core/index/vector_index.h"
#include "support/check.h"
#include "support/process_memory.h"
#include "support/sanitizer.h"
#include "support/search/snapshot_search.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 1024;
constexpr std::size_t kChunksOfFirstSlab = 4;

// While it lives, the process gets at most `bytes` more bytes of addresses.
class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(std::size_t bytes) {
    getrlimit(RLIMIT_AS, &before_);
    rlimit limit = before_;
    limit.rlim_cur = process_memory().address_space_bytes + bytes;
    setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressSpaceLimit() { setrlimit(RLIMIT_AS, &before_); }
  AddressSpaceLimit(const AddressSpaceLimit&) = delete;
  AddressSpaceLimit& operator=(const AddressSpaceLimit&) = delete;

 private:
  rlimit before_{};
};

// Emulators may ignore the limit, and sanitizers need a large address space.
bool is_limited() {
  if (kSanitized || process_memory().address_space_bytes == 0) return false;
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const AddressSpaceLimit limit(kBytes / 2);
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) munmap(memory, kBytes);
  return memory == MAP_FAILED;
}

void test_an_index_that_may_not_grow_keeps_its_rows() {
  const std::size_t rows = kChunksOfFirstSlab * kRowsPerChunk;
  std::vector<std::uint64_t> keys(rows);
  std::iota(keys.begin(), keys.end(), 0);
  VectorIndex index(kDimensions, active_search_kernel());
  index.add(keys, std::vector<float>(rows * kDimensions, 0.5F));
  const std::vector<float> row(kDimensions, 1.0F);
  const std::uint64_t next = rows;
  const std::size_t memory_bytes = index.sizes().memory_bytes;
  const auto any = [](const std::bad_alloc&) { return true; };
  {
    const AddressSpaceLimit limit(std::size_t{4} << 20);  // less than a chunk
    CHECK(throws<std::bad_alloc>([&] { index.add({&next, 1}, row); }, any));
    CHECK(throws<std::bad_alloc>([&] { index.replace(7, next, row); }, any));
    CHECK(index.size() == rows && index.sizes().memory_bytes == memory_bytes);
    CHECK(search_now(index, row, 10, 513).empty());
    for (std::uint64_t key = 0; key < rows / 2; ++key) CHECK(index.remove(key));
  }
  {
    const AddressSpaceLimit limit(std::size_t{12} << 20);  // a chunk, but no slab of many
    index.add({&next, 1}, row);
  }
  CHECK(search_now(index, row, 10, 513)[0].key == next && index.size() == rows / 2 + 1);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  if (!is_limited()) {
    std::printf("skipped: the address space can't be limited here\n");
    return 0;
  }
  test_an_index_that_may_not_grow_keeps_its_rows();
  return finish();
}
