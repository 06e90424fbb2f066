// How searches ended, and a way to keep a searcher busy.
#pragma once

#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/search/searcher.h"
#include "support/check.h"

namespace cosimo::test {

inline bool ended_with(const SearchResult& result, ErrorCode code) {
  if (!result.error) return false;
  return throws<Error>([&] { std::rethrow_exception(result.error); },
                       [code](const Error& error) { return error.code() == code; });
}

/// Collects the results of searches, in the order of their calls.
class Outcomes {
 public:
  std::shared_ptr<PendingSearch> expect(Searcher& searcher, std::span<const float> query, std::size_t top_k,
                                        double threshold = -std::numeric_limits<double>::infinity()) {
    std::size_t at = 0;
    {
      const std::lock_guard lock(mutex_);
      at = results_.size();
      results_.emplace_back();
      calls_.push_back(0);
    }
    try {
      return searcher.search(query, top_k, threshold,
                             [this, at](SearchResult result) { settle(at, std::move(result)); });
    } catch (...) {
      const std::lock_guard lock(mutex_);
      results_.pop_back();
      calls_.pop_back();
      throw;
    }
  }

  std::size_t settled() const {
    const std::lock_guard lock(mutex_);
    return settled_count_;
  }

  void wait_for_count(std::size_t count) {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [&] { return settled_count_ >= count; });
  }

  /// Waits until each search has a result and returns all. Checks that none got two.
  std::vector<SearchResult> wait() {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [this] { return settled_count_ >= results_.size(); });
    bool once = true;
    for (const int calls : calls_) once = once && calls == 1;
    CHECK(once);
    settled_count_ = 0;
    calls_.clear();
    return std::exchange(results_, {});
  }

 private:
  void settle(std::size_t at, SearchResult result) {
    const std::lock_guard lock(mutex_);
    results_[at] = std::move(result);
    ++calls_[at];
    ++settled_count_;
    settled_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable settled_;
  std::vector<SearchResult> results_;
  std::vector<int> calls_;
  std::size_t settled_count_ = 0;
};

/// Keeps an idle searcher busy: a search whose callback blocks until the gate is destroyed. Searches that are
/// called meanwhile wait and share the next scan.
class Gate {
 public:
  Gate(Searcher& searcher, std::size_t dimensions) {
    const std::vector<float> query(dimensions);
    searcher.search(query, 0, std::numeric_limits<double>::infinity(), [state = state_](SearchResult) {
      std::unique_lock lock(state->mutex);
      state->reached = true;
      state->changed.notify_all();
      state->changed.wait(lock, [&] { return state->open; });
    });
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->reached; });
  }

  ~Gate() {
    const std::lock_guard lock(state_->mutex);
    state_->open = true;
    state_->changed.notify_all();
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool reached = false;
    bool open = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace cosimo::test
