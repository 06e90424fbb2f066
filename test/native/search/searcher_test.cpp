// Searches on pool threads: they share scans, answers don't depend on the number of threads, and every search
// is told exactly once how it ended.
#include "core/search/searcher.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "kernels/search/search_dispatch.h"
#include "support/check.h"
#include "support/search/reference_search.h"
#include "support/search/search_outcomes.h"
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
  auto index = std::make_shared<VectorIndex>(kDimensions, active_search_kernel());
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

void test_answers_do_not_depend_on_threads_or_kernels(const Index& index, const Query& query) {
  std::vector<Hit> first;
  for (const SearchKernel* kernel : available_search_kernels()) {
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

// Searches that arrive while a scan runs share the next one, up to the limit of one scan.
void test_waiting_searches_share_a_scan(const Index& index, const Query& query) {
  Searcher searcher(index, active_search_kernel(), 2);
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

// A scan takes its snapshot when it begins.
void test_a_waiting_search_sees_later_writes(std::mt19937_64& random_bits) {
  const Index index = make_index(random_bits, 100);
  Searcher searcher(index, active_search_kernel(), 1);
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

void test_a_waiting_search_can_be_cancelled(const Index& index, const Query& query) {
  Searcher searcher(index, active_search_kernel(), 2);
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
  // No search is left for the next scan, so there is none.
  outcomes.expect(searcher, query, 3);
  CHECK(found(outcomes.wait()[0], 3));
  CHECK(searcher.counts().scans == 2);
}

void test_a_running_search_can_be_cancelled(const Index& index, const Query& query) {
  Searcher searcher(index, active_search_kernel(), 2);
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

void test_close_ends_what_waits(const Index& index, const Query& query) {
  Searcher searcher(index, active_search_kernel(), 2);
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

void test_close_lets_running_searches_end(const Index& index, const Query& query) {
  for (int round = 0; round < 30; ++round) {
    Searcher searcher(index, active_search_kernel(), 3);
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

void test_stop_ends_everything(const Index& index, const Query& query) {
  for (int round = 0; round < 30; ++round) {
    Outcomes outcomes;
    {
      Searcher searcher(index, active_search_kernel(), 3);
      for (int i = 0; i < 10; ++i) outcomes.expect(searcher, query, 5);
      if (round % 2 == 0) CHECK(wait_for([&] { return searcher.counts().scans > 0; }));
    }
    CHECK(outcomes.settled() == 10);
    for (const SearchResult& result : outcomes.wait()) CHECK(ended_closed(result) || found(result, 5));
  }
}

void test_close_releases_the_index(std::mt19937_64& random_bits) {
  Index index = make_index(random_bits);
  const std::weak_ptr<VectorIndex> watched = index;
  Searcher searcher(std::move(index), active_search_kernel(), 2);
  Outcomes outcomes;
  outcomes.expect(searcher, Query(kDimensions, 1.0F), 5);
  searcher.close();
  outcomes.wait();
  CHECK(watched.expired());
}

void test_the_callback_is_freed_with_the_search(const Index& index, const Query& query) {
  const auto token = std::make_shared<int>(0);
  Searcher searcher(index, active_search_kernel(), 2);
  {
    const auto search = searcher.search(query, 1, 0, [token](SearchResult) {});
    CHECK(wait_for([&] { return search->is_settled(); }));
  }
  searcher.stop();
  CHECK(token.use_count() == 1);
}

void test_no_hits_end_a_search_too(const Index& index, const Query& query) {
  const auto empty = std::make_shared<VectorIndex>(kDimensions, active_search_kernel());
  for (const Index& each : {index, empty}) {
    Searcher searcher(each, active_search_kernel(), 2);
    Outcomes outcomes;
    outcomes.expect(searcher, query, 0);
    outcomes.expect(searcher, query, 5, std::numeric_limits<double>::infinity());
    if (each == empty) outcomes.expect(searcher, query, 5);
    for (const SearchResult& result : outcomes.wait()) CHECK(found(result, 0));
    CHECK(searcher.counts().rows.scored_rows == 0);
  }
}

void test_wrong_searches_are_refused(const Index& index) {
  Searcher searcher(index, active_search_kernel(), 1);
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
  test_answers_do_not_depend_on_threads_or_kernels(index, query);
  test_waiting_searches_share_a_scan(index, query);
  test_a_waiting_search_sees_later_writes(random_bits);
  test_a_waiting_search_can_be_cancelled(index, query);
  test_a_running_search_can_be_cancelled(index, query);
  test_close_ends_what_waits(index, query);
  test_close_lets_running_searches_end(index, query);
  test_stop_ends_everything(index, query);
  test_close_releases_the_index(random_bits);
  test_the_callback_is_freed_with_the_search(index, query);
  test_no_hits_end_a_search_too(index, query);
  test_wrong_searches_are_refused(index);
  return finish();
}
