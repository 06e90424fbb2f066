// One search under way, worked on by one or more threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

#include "core/scan.h"
#include "core/searcher.h"

namespace cosimo {

/// start() once, on a pool thread; help() any number of times, from any, even after the end. The job ends
/// itself when its last chunk is done: it calls `done` and lets go of the pin and the index.
class SearchJob {
 public:
  /// `query` has the stride of the index. `stopping` and `kernel` outlive the job's threads.
  SearchJob(std::shared_ptr<const VectorIndex> index, const Kernel& kernel, const std::atomic<bool>& stopping,
            PreparedQuery query, TopK best, Searcher::Done done);

  /// Pins the index and scans. `ask_for_helpers(rows)` is called in between, with the live rows there are.
  void start(const std::function<void(std::size_t rows)>& ask_for_helpers) noexcept;

  /// Takes chunks until none is left.
  void help() noexcept;

  /// Ends a job that was never started with Error closed.
  void cancel() noexcept;

 private:
  void scan_share(TopK& best, std::size_t& scanned);
  void hand_in(const TopK& best, std::size_t scanned, std::exception_ptr error) noexcept;
  void finish() noexcept;

  std::shared_ptr<const VectorIndex> index_;
  const Kernel& kernel_;
  const std::atomic<bool>& stopping_;
  const PreparedQuery query_;
  const TopK empty_;  // what each thread starts from: limit and threshold
  std::optional<Pin> pin_;

  // Claiming a chunk below chunk_count_ gives the right to read pin_: the job can't end before that chunk is
  // handed in.
  std::size_t chunk_count_ = 0;
  std::atomic<std::size_t> next_chunk_{0};

  std::mutex mutex_;  // guards what follows
  std::size_t chunks_done_ = 0;
  TopK best_;
  std::exception_ptr error_;
  Searcher::Done done_;
};

}  // namespace cosimo
