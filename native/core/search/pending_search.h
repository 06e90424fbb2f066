// A search under way: the query, and the callback that takes the result.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "core/search/prepared_query.h"
#include "core/search/top_k.h"

namespace cosimo {

struct SearchResult {
  std::vector<Hit> hits;
  std::exception_ptr error;  // instead of hits: std::bad_alloc, or Error closed or cancelled
};

/// Settled once, by the first of these: its scan, a caller that cancels, the end of the searcher. Any thread.
class PendingSearch {
 public:
  /// Called exactly once, on the thread that settles. Must not throw.
  using Done = std::function<void(SearchResult)>;

  PendingSearch(PreparedQuery query, std::size_t top_k, double threshold, Done done)
      : query_(std::move(query)),
        no_hits_(top_k, threshold),
        score_threshold_(no_hits_.score_threshold()),
        done_(std::move(done)) {}

  const PreparedQuery& query() const noexcept { return query_; }

  /// The empty TopK that each thread of a scan starts from.
  const TopK& no_hits() const noexcept { return no_hits_; }

  /// A row that scores less is no hit: it misses the caller's threshold, or some thread has top_k better rows
  /// already. Only rises.
  float score_threshold() const noexcept { return score_threshold_.load(std::memory_order_relaxed); }
  void raise_score_threshold(float threshold) noexcept {
    float present = this->score_threshold();
    while (present < threshold &&
           !score_threshold_.compare_exchange_weak(present, threshold, std::memory_order_relaxed)) {
    }
  }

  bool is_settled() const noexcept { return settled_.load(std::memory_order_relaxed); }

  /// Tells the caller, unless it has been told already.
  void settle(SearchResult result) noexcept {
    if (!settled_.exchange(true, std::memory_order_acq_rel)) done_(std::move(result));
  }

 private:
  const PreparedQuery query_;
  const TopK no_hits_;
  std::atomic<float> score_threshold_;
  std::atomic<bool> settled_{false};
  const Done done_;
};

}  // namespace cosimo
