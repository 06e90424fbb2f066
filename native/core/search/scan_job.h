// One scan: a pass over the index for all searches that waited for it, shared by threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/index/vector_index.h"
#include "core/search/chunk_scan.h"

namespace cosimo {

/// What all scans of one searcher share. It outlives their threads.
struct ScanContext {
  const SearchKernel& kernel;
  ScanChoice choice;
  ScanCounters counters;
  std::atomic<bool> stopping{false};
};

/// One thread calls lead(); others call help(), any number of them, even after the end. The thread that hands
/// in the last chunk settles the searches and then calls `ended`.
class ScanJob {
 public:
  /// Takes a snapshot of the index. Throws std::bad_alloc.
  ScanJob(std::shared_ptr<const VectorIndex> index, std::vector<std::shared_ptr<PendingSearch>> searches,
          ScanContext& context, std::function<void()> ended);

  /// Rows times searches.
  std::size_t work() const noexcept { return work_; }

  /// Scans chunks until none is left. Without the memory to begin, the searches fail.
  void lead() noexcept;

  /// The same, but without the memory to begin, it leaves all chunks to the others.
  void help() noexcept;

 private:
  void scan_chunks(bool is_leader) noexcept;
  void scan_share(ChunkScan& scan, std::size_t& scanned);
  bool is_wanted() const noexcept;
  void hand_in(ChunkScan* scan, std::size_t scanned, std::exception_ptr error) noexcept;
  void finish() noexcept;

  std::shared_ptr<const VectorIndex> index_;
  ScanContext& context_;
  const QueryBatch batch_;
  std::optional<const Snapshot> snapshot_;
  const RotatedBatches rotated_;
  const std::size_t chunk_count_;
  const std::size_t work_;
  const std::function<void()> ended_;

  // A thread that has claimed a chunk may read snapshot_: the job can't end before that chunk is handed in.
  std::atomic<std::size_t> next_chunk_{0};

  std::mutex mutex_;  // guards what follows
  std::size_t chunks_done_ = 0;
  std::vector<TopK> best_;
  std::exception_ptr error_;
};

}  // namespace cosimo
