// One search: what was asked, and who is told.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <vector>

#include "core/search/prepared_query.h"
#include "core/search/top_k.h"

namespace cosimo {

struct SearchResult {
  std::vector<Hit> hits;
  std::exception_ptr error;  // set instead of hits: std::bad_alloc, or Error closed or cancelled
};

/// Settled once, by whoever comes first: the scan, a cancelling caller, or the end of the searcher.
class Search {
 public:
  /// Called exactly once, on the thread that settles. Must not throw.
  using Done = std::function<void(SearchResult)>;

  Search(PreparedQuery query, std::size_t top_k, double threshold, Done done)
      : query_(std::move(query)), empty_(top_k, threshold), floor_(empty_.floor()), done_(std::move(done)) {}

  const PreparedQuery& query() const noexcept { return query_; }

  /// What each thread of a scan starts from.
  const TopK& empty() const noexcept { return empty_; }

  /// A row that scores less than this is not among the hits: some thread has as many better ones already.
  /// Only rises.
  float floor() const noexcept { return floor_.load(std::memory_order_relaxed); }
  void raise_floor(float floor) noexcept {
    float present = this->floor();
    while (present < floor && !floor_.compare_exchange_weak(present, floor, std::memory_order_relaxed)) {
    }
  }

  bool is_settled() const noexcept { return settled_.load(std::memory_order_relaxed); }

  /// Tells the caller, unless it has been told.
  void settle(SearchResult result) noexcept {
    if (!settled_.exchange(true, std::memory_order_acq_rel)) done_(std::move(result));
  }

 private:
  const PreparedQuery query_;
  const TopK empty_;
  std::atomic<float> floor_;
  std::atomic<bool> settled_{false};
  const Done done_;
};

}  // namespace cosimo
