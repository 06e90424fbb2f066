// Searches of one index, on a thread pool of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/search/scan_job.h"

namespace cosimo {

struct SearchCounts {
  std::size_t searches;
  std::size_t scans;
  ScanCounts rows;
};

/// One scan at a time, split over all threads. Searches that arrive while it runs wait and share the next
/// scan, 256 of them at most. A scan takes a snapshot of the index when it begins: a search sees every write
/// that was done before it was called, and may see later ones.
///
/// search(), close() and stop() are called by one thread, the owner; cancel(), counts() and planes_pay() by
/// any. Other threads may write to the index.
class Searcher {
 public:
  /// Throws std::system_error, std::bad_alloc.
  Searcher(std::shared_ptr<const VectorIndex> index, const SearchKernel& kernel, std::size_t thread_count,
           CodeScan wanted = CodeScan::automatic);
  /// Calls stop().
  ~Searcher();

  /// Finds the best rows, `top_k` at most, with (double)score ≥ threshold. `query` holds `dimensions` floats
  /// and is copied. Returns what cancel() takes. `done` gets the result on a pool thread; or on the thread
  /// that cancels, closes or stops; or on this one when there is no memory to begin. Throws Error
  /// invalid_argument, not_finite, closed; std::bad_alloc. `done` is then not called.
  std::shared_ptr<PendingSearch> search(std::span<const float> query, std::size_t top_k, double threshold,
                                        PendingSearch::Done done);

  /// Ends a search with `cancelled`, unless it has ended. Its scan stops at the next chunk if no other search
  /// of it is left.
  void cancel(const std::shared_ptr<PendingSearch>& search) noexcept;

  /// Ends waiting searches with `closed`; the running scan goes on. Does not block. The index is released
  /// once that scan has ended. Idempotent.
  void close() noexcept;

  /// close(), then ends the running scan at its next chunk, its searches with `closed`, and waits for the
  /// threads. Idempotent.
  void stop() noexcept;

  SearchCounts counts() const noexcept;
  /// Whether a scan for a few queries would read the upper plane first now.
  bool planes_pay() const noexcept { return context_.choice.planes_pay(); }

 private:
  void submit_scan() noexcept;
  void begin_scan(TaskFate fate) noexcept;
  void run(std::vector<std::shared_ptr<PendingSearch>> searches,
           std::shared_ptr<const VectorIndex> index) noexcept;
  void queue_helpers(const std::shared_ptr<ScanJob>& job) noexcept;
  void end_scan() noexcept;
  bool settle_waiting(const SearchResult& result) noexcept;

  ScanContext context_;
  std::atomic<std::size_t> searches_{0};
  std::atomic<std::size_t> scans_{0};

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const VectorIndex> index_;
  std::deque<std::shared_ptr<PendingSearch>> waiting_;
  bool scanning_ = false;

  ThreadPool pool_;  // last: its threads end before what they use
};

}  // namespace cosimo
