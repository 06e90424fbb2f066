// Every allocation of every writing call fails once: the object must be as it was, and the call work when
// repeated.
#include <cstdlib>
#include <limits>
#include <new>
#include <vector>

#include "check.h"
#include "core/embedding_cache.h"
#include "core/json_writer.h"
#include "core/scan.h"
#include "core/vector_index.h"
#include "kernels/dispatch.h"

namespace {

constexpr long kNoFailure = -1;
thread_local long allocations_left = kNoFailure;

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes == 0 ? 1 : bytes) != 0) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace cosimo::test {
namespace {

// Calls `body` with its first, second, … allocation failing, until one call comes through; returns the
// failures.
template <typename Body, typename Unchanged>
int fail_each_allocation(Body&& body, Unchanged&& unchanged) {
  for (int failures = 0;; ++failures) {
    allocations_left = failures;
    try {
      body();
      allocations_left = kNoFailure;
      return failures;
    } catch (const std::bad_alloc&) {
      allocations_left = kNoFailure;
      if (!unchanged()) return -1;
    }
  }
}

std::vector<Hit> everything(const VectorIndex& index) {
  const Pin pin(index.publication());
  const PreparedQuery query(std::vector<float>(index.dimensions(), 1.0F), index.stride());
  TopK best(std::numeric_limits<std::size_t>::max(), -1e30);
  for (const auto& chunk : pin.chunks()) scan_chunk(*chunk, pin.sequence(), query, active_kernel(), best);
  return best.take_sorted();
}

bool same(const std::vector<Hit>& a, const std::vector<Hit>& b) {
  const auto equal = [](const Hit& x, const Hit& y) { return x.key == y.key && x.score == y.score; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

void test_index() {
  VectorIndex index(3);
  std::vector<std::uint64_t> keys;
  for (std::uint64_t key = 0; key < kRowsPerChunk; ++key) keys.push_back(key);
  const std::vector<float> vectors(keys.size() * 3, 0.5F);
  const auto empty = [&] { return index.size() == 0 && everything(index).empty(); };
  CHECK(fail_each_allocation([&] { index.add(keys, vectors); }, empty) >= 3);

  const std::vector<Hit> before = everything(index);
  const std::size_t bytes = index.memory_bytes();
  const auto unchanged = [&] { return index.memory_bytes() == bytes && same(everything(index), before); };
  const std::vector<float> row(3, 0.25F);
  // The one chunk is full, so that replacing needs another.
  CHECK(fail_each_allocation([&] { index.replace(4, 5000, row); }, unchanged) >= 2);
  CHECK(everything(index).back().key == 5000 && index.size() == kRowsPerChunk);
  CHECK(fail_each_allocation([&] { index.remove(6); }, unchanged) == 0);
}

void test_cache() {
  EmbeddingCache cache(3, 1 << 20);
  const std::vector<float> vector(3, 1.0F);
  const auto empty = [&] { return cache.size() == 0 && cache.memory_bytes() <= cache.capacity_bytes(); };
  const std::size_t before = cache.memory_bytes();
  CHECK(fail_each_allocation([&] { cache.set("some key", vector); }, empty) >= 1);
  std::vector<float> out(3);
  CHECK(cache.size() == 1 && cache.get("some key", out) && out == vector);
  CHECK(cache.memory_bytes() > before);
}

void test_json() {
  const std::vector<float> vector(1000, 0.1F);
  std::string text;
  const auto write = [&] {
    JsonWriter writer;
    writer.append(vector);
    text = writer.take();
  };
  CHECK(fail_each_allocation(write, [&] { return text.empty(); }) >= 1);
  CHECK(text.size() == 1000 * 4 + 3);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_index();
  test_cache();
  test_json();
  return finish();
}
