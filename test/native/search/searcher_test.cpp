// Searches on pool threads: they share scans, answers don't depend on how many threads there are, and every
// search is told exactly once how it ended.
#include "core/search/searcher.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "support/check.h"
#include "core/base/error.h"
#include "kernels/search/dispatch.h"
#include "support/outcomes.h"
#include "support/reference.h"
#include "support/wait_for.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 20;
constexpr std::size_t kRows = 40000;  // enough for helpers

std::shared_ptr<VectorIndex> make_index(std::mt19937_64& random_bits, std::size_t rows = kRows) {
  std::vector<std::uint64_t> keys(rows);
  std::iota(keys.begin(), keys.end(), 0);
  std::vector<float> vectors(rows * kDimensions);
  for (float& value : vectors) value = std::normal_distribution<float>()(random_bits);
  auto index = std::make_shared<VectorIndex>(kDimensions, active_kernel());
  index->add(keys, vectors);
  return index;
}

using Index = std::shared_ptr<VectorIndex>;
using Query = std::vector<float>;

bool ended_closed(const SearchResult& result) { return ended_with(result, ErrorCode::closed); }
bool ended_cancelled(const SearchResult& result) { return ended_with(result, ErrorCode::cancelled); }
bool found(const SearchResult& result, std::size_t count) {
  return !result.error && result.hits.size() == count;
}

void test_threads_agree(const Index& index, const Query& query) {
  std::vector<Hit> first;
  for (const Kernel* kernel : available_kernels()) {
    for (const std::size_t threads : {1, 2, 5}) {
      Searcher searcher(index, *kernel, threads);
      Outcomes outcomes;
      for (int i = 0; i < 8; ++i) outcomes.expect(searcher, query, 100);
      for (const SearchResult& result : outcomes.wait()) {
        if (first.empty()) first = result.hits;
        CHECK(found(result, 100) && same_hits(first, result.hits));
      }
    }
  }
}

// Searches that arrive while a scan runs share the next one, up to as many as one scan takes.
void test_sharing(const Index& index, const Query& query) {
  Searcher searcher(index, active_kernel(), 2);
  Outcomes outcomes;
  {
    const Gate gate(searcher, kDimensions);
    CHECK(searcher.counts().searches == 1 && searcher.counts().scans == 1);
    for (int i = 0; i < 50; ++i) outcomes.expect(searcher, query, 3);
    CHECK(searcher.counts().searches == 51 && searcher.counts().scans == 1 && outcomes.settled() == 0);
  }
  for (const SearchResult& result : outcomes.wait()) CHECK(found(result, 3));
  CHECK(searcher.counts().scans == 2);
  {
    const Gate gate(searcher, kDimensions);
    for (int i = 0; i < 300; ++i) outcomes.expect(searcher, query, 3);
  }
  for (const SearchResult& result : outcomes.wait()) CHECK(found(result, 3));
  CHECK(searcher.counts().scans == 5 && searcher.counts().searches == 352);
}

// The index is pinned when the scan begins: a search that waits sees what is written meanwhile.
void test_sees_writes(std::mt19937_64& random_bits) {
  const Index index = make_index(random_bits, 100);
  Searcher searcher(index, active_kernel(), 1);
  const Query query(kDimensions, 1.0F);
  const Query far(kDimensions, 100.0F);
  const std::uint64_t key = 5000;
  Outcomes outcomes;
  {
    const Gate gate(searcher, kDimensions);
    outcomes.expect(searcher, query, 1);
    index->add({&key, 1}, far);
  }
  CHECK(outcomes.wait()[0].hits[0].key == key);
  index->remove(key);
  outcomes.expect(searcher, query, 1);
  CHECK(outcomes.wait()[0].hits[0].key != key);
}

void test_cancel_waiting(const Index& index, const Query& query) {
  Searcher searcher(index, active_kernel(), 2);
  Outcomes outcomes;
  {
    const Gate gate(searcher, kDimensions);
    const auto first = outcomes.expect(searcher, query, 3);
    const auto second = outcomes.expect(searcher, query, 3);
    searcher.cancel(first);
    CHECK(outcomes.settled() == 1);  // at once
    searcher.cancel(first);
    searcher.cancel(second);
    CHECK(ended_cancelled(outcomes.wait()[0]));
  }
  // Nobody wants the next scan, so there is none.
  outcomes.expect(searcher, query, 3);
  CHECK(found(outcomes.wait()[0], 3));
  CHECK(searcher.counts().scans == 2);
}

void test_cancel_running(const Index& index, const Query& query) {
  Searcher searcher(index, active_kernel(), 2);
  std::size_t cancelled = 0;
  for (std::size_t round = 1; round <= 50; ++round) {
    Outcomes outcomes;
    const auto search = outcomes.expect(searcher, query, kRows);
    CHECK(wait_for([&] { return searcher.counts().scans == round || outcomes.settled() > 0; }));
    searcher.cancel(search);
    const SearchResult result = std::move(outcomes.wait()[0]);
    CHECK(ended_cancelled(result) || found(result, kRows));
    cancelled += ended_cancelled(result) ? 1 : 0;
    searcher.cancel(search);  // long ended: nothing happens
    CHECK(outcomes.settled() == 0);
  }
  CHECK(cancelled > 0);
}

void test_close(const Index& index, const Query& query) {
  Searcher searcher(index, active_kernel(), 2);
  Outcomes outcomes;
  {
    const Gate gate(searcher, kDimensions);
    for (int i = 0; i < 30; ++i) outcomes.expect(searcher, query, 7);
    searcher.close();
    CHECK(outcomes.settled() == 30);
    searcher.close();
  }
  for (const SearchResult& result : outcomes.wait()) CHECK(ended_closed(result));
  const auto is_closed = [](const Error& error) { return error.code() == ErrorCode::closed; };
  CHECK(throws<Error>([&] { outcomes.expect(searcher, query, 1); }, is_closed));
  searcher.stop();
  searcher.stop();
}

// What runs when a searcher is closed runs on.
void test_close_while_running(const Index& index, const Query& query) {
  for (int round = 0; round < 30; ++round) {
    Searcher searcher(index, active_kernel(), 3);
    Outcomes outcomes;
    for (int i = 0; i < 3; ++i) outcomes.expect(searcher, query, kRows);
    CHECK(wait_for([&] { return searcher.counts().scans > 0; }));
    for (int i = 0; i < 3; ++i) outcomes.expect(searcher, query, kRows);
    searcher.close();
    const std::vector<SearchResult> results = outcomes.wait();
    CHECK(found(results[0], kRows));
    for (const SearchResult& result : results) CHECK(ended_closed(result) || found(result, kRows));
  }
}

void test_stop(const Index& index, const Query& query) {
  for (int round = 0; round < 30; ++round) {
    Outcomes outcomes;
    {
      Searcher searcher(index, active_kernel(), 3);
      for (int i = 0; i < 10; ++i) outcomes.expect(searcher, query, 5);
      if (round % 2 == 0) CHECK(wait_for([&] { return searcher.counts().scans > 0; }));
    }
    CHECK(outcomes.settled() == 10);
    for (const SearchResult& result : outcomes.wait()) CHECK(ended_closed(result) || found(result, 5));
  }
}

void test_close_frees_the_index(std::mt19937_64& random_bits) {
  Index index = make_index(random_bits);
  const std::weak_ptr<VectorIndex> watched = index;
  Searcher searcher(std::move(index), active_kernel(), 2);
  Outcomes outcomes;
  outcomes.expect(searcher, Query(kDimensions, 1.0F), 5);
  searcher.close();
  outcomes.wait();
  CHECK(watched.expired());
}

// The caller's part of a search goes with the caller's handle.
void test_done_is_let_go(const Index& index, const Query& query) {
  const auto token = std::make_shared<int>(0);
  Searcher searcher(index, active_kernel(), 2);
  {
    const auto search = searcher.search(query, 1, 0, [token](SearchResult) {});
    CHECK(wait_for([&] { return search->is_settled(); }));
  }
  searcher.stop();
  CHECK(token.use_count() == 1);
}

void test_nothing_to_find(const Index& index, const Query& query) {
  const auto empty = std::make_shared<VectorIndex>(kDimensions, active_kernel());
  for (const Index& each : {index, empty}) {
    Searcher searcher(each, active_kernel(), 2);
    Outcomes outcomes;
    outcomes.expect(searcher, query, 0);
    outcomes.expect(searcher, query, 5, std::numeric_limits<double>::infinity());
    if (each == empty) outcomes.expect(searcher, query, 5);
    for (const SearchResult& result : outcomes.wait()) CHECK(found(result, 0));
    CHECK(searcher.counts().rows.scored_rows == 0);
  }
}

void test_refusals(const Index& index) {
  Searcher searcher(index, active_kernel(), 1);
  const auto refused = [&searcher](Query query, ErrorCode code) {
    return throws<Error>([&] { searcher.search(query, 1, 0, [](SearchResult) { std::abort(); }); },
                         [code](const Error& error) { return error.code() == code; });
  };
  CHECK(refused(Query(kDimensions - 1), ErrorCode::invalid_argument));
  CHECK(refused({}, ErrorCode::invalid_argument));
  CHECK(refused(Query(kDimensions, std::numeric_limits<float>::quiet_NaN()), ErrorCode::not_finite));
  CHECK(refused(Query(kDimensions, std::numeric_limits<float>::infinity()), ErrorCode::not_finite));
  CHECK(searcher.counts().searches == 0);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  auto random_bits = seeded_random();
  const auto index = make_index(random_bits);
  const std::vector<float> query(kDimensions, 0.5F);
  test_threads_agree(index, query);
  test_sharing(index, query);
  test_sees_writes(random_bits);
  test_cancel_waiting(index, query);
  test_cancel_running(index, query);
  test_close(index, query);
  test_close_while_running(index, query);
  test_stop(index, query);
  test_close_frees_the_index(random_bits);
  test_done_is_let_go(index, query);
  test_nothing_to_find(index, query);
  test_refusals(index);
  return finish();
}
