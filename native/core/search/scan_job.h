// One pass over an index for all searches that waited for it, worked on by one or more threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/search/chunk_scan.h"
#include "core/index/vector_index.h"

namespace cosimo {

/// What all scans of one searcher share; it outlives their threads.
struct ScanContext {
  const Kernel& kernel;
  ScanChoice choice;
  ScanCounters counters;
  std::atomic<bool> stopping{false};
};

/// help() any number of times, from any thread, even after the end; the thread that hands in the last chunk
/// settles the searches and then calls `ended`.
class ScanJob {
 public:
  /// Pins the index. Throws std::bad_alloc.
  ScanJob(std::shared_ptr<const VectorIndex> index, std::vector<std::shared_ptr<Search>> searches,
          ScanContext& context, std::function<void()> ended);

  /// Rows to look at, times searches.
  std::size_t work() const noexcept { return work_; }

  /// Takes chunks until none is left.
  void help() noexcept;

 private:
  void scan_share(ChunkScan& scan, std::size_t& scanned);
  bool is_wanted() const noexcept;
  void hand_in(ChunkScan* scan, std::size_t scanned, std::exception_ptr error) noexcept;
  void finish() noexcept;

  std::shared_ptr<const VectorIndex> index_;
  ScanContext& context_;
  const QueryBatch batch_;
  std::unique_ptr<const Pin> pin_;
  const std::size_t chunk_count_;
  const std::size_t work_;
  const std::function<void()> ended_;

  // Claiming a chunk below chunk_count_ gives the right to read pin_: the job can't end before that chunk is
  // handed in.
  std::atomic<std::size_t> next_chunk_{0};

  std::mutex mutex_;  // guards what follows
  std::size_t chunks_done_ = 0;
  std::vector<TopK> best_;
  std::exception_ptr error_;
};

}  // namespace cosimo
