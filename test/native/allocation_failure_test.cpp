// Each allocation of each call fails once, on the caller's thread or on a pool's threads. A call that fails
// throws std::bad_alloc, leaves the object as it was, and works when it is repeated.
#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>
#include <numeric>
#include <vector>

#include "core/cache/embedding_cache.h"
#include "core/index/vector_index.h"
#include "core/search/searcher.h"
#include "support/check.h"
#include "support/search/reference_search.h"
#include "support/search/search_outcomes.h"
#include "support/search/snapshot_search.h"

namespace {

constexpr long kNoFailure = -1;

// How many more allocations succeed: on the thread that sets the first number, and on all other threads.
thread_local long allocations_left = kNoFailure;
thread_local bool is_caller = false;
std::atomic<long> others_left{kNoFailure};

bool may_allocate() {
  if (is_caller) return allocations_left < 0 || allocations_left-- > 0 || (allocations_left = 0) != 0;
  long left = others_left;
  while (left > 0 && !others_left.compare_exchange_weak(left, left - 1)) {
  }
  return left != 0;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  void* memory = nullptr;
  if (!may_allocate() || posix_memalign(&memory, alignment, bytes == 0 ? 1 : bytes) != 0)
    throw std::bad_alloc();
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

constexpr double kAnyScore = -std::numeric_limits<double>::infinity();
constexpr std::size_t kDimensions = 3;

// Calls `body` with its first, second, … allocation failing, until a call succeeds. Returns the number of
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
  return search_now(index, std::vector<float>(index.dimensions(), 1.0F), 1'000'000, kAnyScore);
}

void add_rows(VectorIndex& index, std::uint64_t first, std::size_t count) {
  std::vector<std::uint64_t> keys(count);
  std::iota(keys.begin(), keys.end(), first);
  std::vector<float> vectors(count * kDimensions);
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] = 0.5F + static_cast<float>(i % 977) / 977;
  index.add(keys, vectors);
}

void test_a_write_without_memory_changes_nothing() {
  VectorIndex index(kDimensions, active_search_kernel());
  const auto empty = [&] { return index.size() == 0 && everything(index).empty(); };
  CHECK(fail_each_allocation([&] { add_rows(index, 0, kRowsPerChunk); }, empty) >= 3);

  const std::vector<Hit> before = everything(index);
  const IndexSizes sizes = index.sizes();
  const auto unchanged = [&] {
    return index.sizes().memory_bytes == sizes.memory_bytes && same_hits(everything(index), before);
  };
  const std::vector<float> row(kDimensions, 0.25F);
  // The only chunk is full, so that replacing a row needs another chunk.
  CHECK(fail_each_allocation([&] { index.replace(4, 5000, row); }, unchanged) >= 2);
  CHECK(everything(index).back().key == 5000 && index.size() == kRowsPerChunk);
}

// Compaction that lacks memory is left to a later write.
void test_removing_never_fails_without_memory() {
  constexpr std::size_t kRows = 6 * kRowsPerChunk;
  VectorIndex index(kDimensions, active_search_kernel());
  add_rows(index, 0, kRows);
  allocations_left = 0;
  bool removed = true;
  for (std::uint64_t key = 0; key < kRows; key += 2) removed = removed && index.remove(key);
  allocations_left = kNoFailure;
  CHECK(removed && index.size() == kRows / 2 && everything(index).size() == kRows / 2);
  CHECK(index.sizes().dead_rows > kRows / 4);
  for (std::uint64_t key = 1; key < 1000; key += 2) index.remove(key);
  CHECK(index.sizes().dead_rows <= index.size() / 5 + kRowsPerChunk);
  CHECK(index.size() == kRows / 2 - 500 && everything(index).size() == kRows / 2 - 500);
  allocations_left = 0;
  for (std::uint64_t key = 1001; key < kRows; key += 2) index.remove(key);
  allocations_left = kNoFailure;
  CHECK(index.size() == 0 && everything(index).empty());
  add_rows(index, 0, 10);
  CHECK(everything(index).size() == 10);
}

bool is_bad_alloc(const SearchResult& result) {
  if (!result.error) return false;
  return throws<std::bad_alloc>([&] { std::rethrow_exception(result.error); },
                                [](const std::bad_alloc&) { return true; });
}

struct SearchedIndex {
  SearchedIndex() {
    add_rows(*index, 0, 40 * kRowsPerChunk);
    right = search_now(*index, query, 50, kAnyScore);
  }

  const std::vector<float> query = std::vector<float>(kDimensions, 1.0F);
  std::shared_ptr<VectorIndex> index = std::make_shared<VectorIndex>(kDimensions, active_search_kernel());
  std::vector<Hit> right;

  bool is_right(const SearchResult& result) const { return !result.error && same_hits(result.hits, right); }
};

// Failures on the caller's thread: the call throws and `done` is not called, or `done` is told
// std::bad_alloc.
void test_a_search_without_memory_fails_cleanly(const SearchedIndex& searched) {
  Searcher searcher(searched.index, active_search_kernel(), 2);
  int thrown = 0;
  for (int allocations = 0; allocations < 40; ++allocations) {
    std::atomic<int> calls{0};
    SearchResult result;
    allocations_left = allocations;
    bool threw = false;
    try {
      searcher.search(searched.query, 50, kAnyScore, [&](SearchResult told) {
        result = std::move(told);
        ++calls;
        calls.notify_one();
      });
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    allocations_left = kNoFailure;
    thrown += threw ? 1 : 0;
    if (!threw) calls.wait(0);
    CHECK(calls == (threw ? 0 : 1));
    CHECK(threw || is_bad_alloc(result) || searched.is_right(result));
  }
  CHECK(thrown >= 3 && thrown < 40);
}

// Failures on the pool's threads, for one search and for many at once.
void test_a_scan_without_memory_fails_cleanly(const SearchedIndex& searched, std::size_t batch) {
  Searcher searcher(searched.index, active_search_kernel(), 3);
  int failed = 0;
  long left = 0;
  for (int allocations = 0; left <= 0 && allocations < 1000; ++allocations) {
    Outcomes outcomes;
    {
      const Gate gate(searcher, kDimensions);
      for (std::size_t i = 0; i < batch; ++i) outcomes.expect(searcher, searched.query, 50);
      others_left = allocations;
    }
    bool ok = true;
    for (const SearchResult& result : outcomes.wait()) {
      ok = ok && (is_bad_alloc(result) || searched.is_right(result));
      failed += is_bad_alloc(result) ? 1 : 0;
    }
    left = others_left.exchange(kNoFailure);
    CHECK(ok);
    outcomes.expect(searcher, searched.query, 50);
    CHECK(searched.is_right(outcomes.wait()[0]));
  }
  CHECK(failed >= 5 && left > 0);
}

void test_a_helper_without_memory_leaves_the_scan_to_others(const SearchedIndex& searched) {
  ScanContext context{active_search_kernel(), ScanChoice(CodeScan::automatic), {}, {}};
  SearchResult result;
  bool ended = false;
  const auto search = std::make_shared<PendingSearch>(PreparedQuery(searched.query), 50, kAnyScore,
                                                      [&](SearchResult told) { result = std::move(told); });
  ScanJob job(searched.index, {search}, context, [&] { ended = true; });
  allocations_left = 0;
  job.help();
  allocations_left = kNoFailure;
  CHECK(!ended && !search->is_settled());
  job.lead();
  CHECK(ended && searched.is_right(result));
}

void test_ending_a_search_needs_no_memory(const SearchedIndex& searched) {
  Searcher searcher(searched.index, active_search_kernel(), 2);
  Outcomes outcomes;
  {
    const Gate gate(searcher, kDimensions);
    const auto search = outcomes.expect(searcher, searched.query, 50);
    for (int i = 0; i < 3; ++i) outcomes.expect(searcher, searched.query, 50);
    allocations_left = 0;
    searcher.cancel(search);
    searcher.close();
    allocations_left = kNoFailure;
  }
  for (const SearchResult& result : outcomes.wait()) CHECK(result.error);
}

// Without memory set() keeps nothing and loses nothing, and later it works: for entries that share a segment
// and for those with their own.
void test_a_cache_without_memory_loses_nothing() {
  for (const std::size_t key_length : {8, 5000}) {
    EmbeddingCache cache({.dimensions = 3, .capacity_bytes = 1 << 20});
    const std::vector<float> vector(3, 1.0F);
    const std::string key(key_length, 'k');
    const std::size_t before = cache.memory_bytes();
    int failures = 0;
    for (bool kept = false; !kept; ++failures) {
      allocations_left = failures;
      kept = cache.set(key, vector);
      allocations_left = kNoFailure;
      if (!kept) CHECK(cache.size() == 0 && cache.memory_bytes() == before);
    }
    CHECK(failures >= 2 && cache.counts().refusals == static_cast<std::uint64_t>(failures) - 1);
    std::vector<float> out(3);
    CHECK(cache.size() == 1 && cache.get(key, out) && out == vector);
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  is_caller = true;
  test_a_write_without_memory_changes_nothing();
  test_removing_never_fails_without_memory();
  const SearchedIndex searched;
  test_a_search_without_memory_fails_cleanly(searched);
  for (const std::size_t batch : {1, 8}) test_a_scan_without_memory_fails_cleanly(searched, batch);
  test_a_helper_without_memory_leaves_the_scan_to_others(searched);
  test_ending_a_search_needs_no_memory(searched);
  test_a_cache_without_memory_loses_nothing();
  return finish();
}
