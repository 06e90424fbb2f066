// Searches of one index on threads of their own.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/search/scan_job.h"
#include "core/base/thread_pool.h"

namespace cosimo {

struct SearchCounts {
  std::size_t searches;
  std::size_t scans;
  ScanCounts rows;
};

/// One scan at a time, split over all threads. Searches that arrive while it runs wait and share the next
/// one (256 of them at most), which pins the index when it begins: a search sees every write that was done
/// before it was called.
///
/// search(), close() and stop() belong to one thread (the owner); cancel() and the counts to any. Writers of
/// the index may be others.
class Searcher {
 public:
  /// Throws std::system_error, std::bad_alloc.
  Searcher(std::shared_ptr<const VectorIndex> index, const Kernel& kernel, std::size_t thread_count,
           CodeScan wanted = CodeScan::automatic);
  /// Stops.
  ~Searcher();

  /// The at most `top_k` best rows with (double)score ≥ threshold, told to `done` on a pool thread (or on the
  /// thread that cancels, closes or stops, or on this one where there is no memory to begin). `query` holds
  /// `dimensions` floats and is copied. The search returned serves to cancel it. Throws Error
  /// invalid_argument, not_finite, closed; std::bad_alloc. `done` is then not called.
  std::shared_ptr<Search> search(std::span<const float> query, std::size_t top_k, double threshold,
                                 Search::Done done);

  /// Ends a search with `cancelled`, if it has not ended; a scan for nobody else ends at its next chunk.
  void cancel(const std::shared_ptr<Search>& search) noexcept;

  /// Waiting searches end with `closed`, running ones run on; waits for nothing. Lets go of the index, whose
  /// memory comes back with the last running search. Idempotent.
  void close() noexcept;

  /// Closes, ends running searches at their next chunk with `closed`, and waits for the threads. Idempotent.
  void stop() noexcept;

  SearchCounts counts() const noexcept;
  /// Whether few queries at once read the upper plane first just now.
  bool planes_pay() const noexcept { return context_.choice.planes_pay(); }

 private:
  void submit_scan() noexcept;
  void begin_scan(TaskFate fate) noexcept;
  void run(std::vector<std::shared_ptr<Search>> searches, std::shared_ptr<const VectorIndex> index) noexcept;
  void queue_helpers(const std::shared_ptr<ScanJob>& job) noexcept;
  void end_scan() noexcept;
  bool settle_waiting(const SearchResult& result) noexcept;

  ScanContext context_;
  std::atomic<std::size_t> searches_{0};
  std::atomic<std::size_t> scans_{0};

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const VectorIndex> index_;
  std::deque<std::shared_ptr<Search>> waiting_;
  bool scanning_ = false;

  ThreadPool pool_;  // last: its threads end before what they use
};

}  // namespace cosimo
