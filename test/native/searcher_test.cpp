// Searches on pool threads: answers do not depend on how many, and closing settles every one exactly once.
#include "core/searcher.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <vector>

#include "check.h"
#include "core/error.h"
#include "kernels/dispatch.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 20;
constexpr std::size_t kRows = 40000;  // enough for helpers

std::shared_ptr<VectorIndex> make_index(std::mt19937_64& random_bits) {
  std::vector<std::uint64_t> keys(kRows);
  std::vector<float> vectors(kRows * kDimensions);
  for (std::size_t i = 0; i < kRows; ++i) keys[i] = i;
  for (float& value : vectors) value = std::normal_distribution<float>()(random_bits);
  auto index = std::make_shared<VectorIndex>(kDimensions);
  index->add(keys, vectors);
  return index;
}

bool ended_closed(const SearchResult& result) {
  if (!result.error) return false;
  return throws<Error>([&] { std::rethrow_exception(result.error); },
                       [](const Error& error) { return error.code() == ErrorCode::closed; });
}

// Collects the outcomes of many searches.
class Outcomes {
 public:
  void expect(Searcher& searcher, const std::vector<float>& query, std::size_t top_k) {
    ++expected_;
    searcher.search(query, top_k, -std::numeric_limits<double>::infinity(), [this](SearchResult result) {
      const std::lock_guard lock(mutex_);
      results_.push_back(std::move(result));
      settled_.notify_one();
    });
  }

  std::vector<SearchResult> wait() {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [this] { return results_.size() == expected_; });
    return std::move(results_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable settled_;
  std::vector<SearchResult> results_;
  std::size_t expected_ = 0;
};

void test_threads_agree(const std::shared_ptr<VectorIndex>& index, const std::vector<float>& query) {
  std::vector<Hit> first;
  for (const Kernel* kernel : available_kernels()) {
    for (const std::size_t threads : {1, 2, 5}) {
      Searcher searcher(index, *kernel, threads);
      Outcomes outcomes;
      for (int i = 0; i < 8; ++i) outcomes.expect(searcher, query, 100);
      for (const SearchResult& result : outcomes.wait()) {
        if (first.empty()) first = result.hits;
        const auto equal = [](const Hit& a, const Hit& b) { return a.key == b.key && a.score == b.score; };
        CHECK(!result.error && result.hits.size() == 100);
        CHECK(std::equal(first.begin(), first.end(), result.hits.begin(), result.hits.end(), equal));
      }
    }
  }
}

void test_close(const std::shared_ptr<VectorIndex>& index, const std::vector<float>& query) {
  for (int round = 0; round < 20; ++round) {
    Searcher searcher(index, active_kernel(), 2);
    Outcomes outcomes;
    for (int i = 0; i < 30; ++i) outcomes.expect(searcher, query, kRows);
    searcher.close();
    std::size_t closed = 0;
    for (const SearchResult& result : outcomes.wait()) {
      if (ended_closed(result)) ++closed;
      CHECK(ended_closed(result) || result.hits.size() == kRows);
    }
    CHECK(closed >= 28);  // two threads had begun two at the most
    const auto is_closed = [](const Error& error) { return error.code() == ErrorCode::closed; };
    CHECK(throws<Error>([&] { outcomes.expect(searcher, query, 1); }, is_closed));
  }
}

void test_stop(const std::shared_ptr<VectorIndex>& index, const std::vector<float>& query) {
  for (int round = 0; round < 20; ++round) {
    Outcomes outcomes;
    {
      Searcher searcher(index, active_kernel(), 3);
      for (int i = 0; i < 10; ++i) outcomes.expect(searcher, query, 5);
    }
    for (const SearchResult& result : outcomes.wait()) CHECK(ended_closed(result) || result.hits.size() == 5);
  }
}

void test_close_frees_the_index(std::mt19937_64& random_bits) {
  std::shared_ptr<VectorIndex> index = make_index(random_bits);
  const std::weak_ptr<VectorIndex> watched = index;
  Searcher searcher(std::move(index), active_kernel(), 2);
  Outcomes outcomes;
  outcomes.expect(searcher, std::vector<float>(kDimensions, 1.0F), 5);
  searcher.close();
  outcomes.wait();
  CHECK(watched.expired());
}

void test_refusals(const std::shared_ptr<VectorIndex>& index) {
  Searcher searcher(index, active_kernel(), 1);
  const auto refused = [&searcher](std::vector<float> query, ErrorCode code) {
    return throws<Error>([&] { searcher.search(query, 1, 0, [](SearchResult) { std::abort(); }); },
                         [code](const Error& error) { return error.code() == code; });
  };
  CHECK(refused(std::vector<float>(kDimensions - 1), ErrorCode::invalid_argument));
  CHECK(refused(std::vector<float>(kDimensions, std::numeric_limits<float>::quiet_NaN()),
                ErrorCode::not_finite));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  auto random_bits = seeded_random();
  const auto index = make_index(random_bits);
  const std::vector<float> query(kDimensions, 0.5F);
  test_threads_agree(index, query);
  test_close(index, query);
  test_stop(index, query);
  test_close_frees_the_index(random_bits);
  test_refusals(index);
  return finish();
}
