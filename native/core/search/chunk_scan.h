// The scan of one chunk: codes bound the score of every row, and rows that may be hits are scored exactly.
#pragma once

#include <cstddef>
#include <vector>

#include "core/index/snapshot.h"
#include "core/search/query_batch.h"
#include "core/search/scan_choice.h"
#include "core/search/scan_counters.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// One thread's part of a scan, with the best hits that it has found for each search.
class ChunkScan {
 public:
  /// The arguments outlive it. Throws std::bad_alloc.
  ChunkScan(const QueryBatch& batch, const SearchKernel& kernel, ScanChoice& choice);

  /// Looks at every live row of chunk `at` for every search. Throws std::bad_alloc.
  void scan(const Snapshot& snapshot, std::size_t at);

  TopK& best(std::size_t search) noexcept { return best_[search]; }
  const ScanCounts& counts() const noexcept { return counts_; }

 private:
  /// A chunk as a snapshot has it.
  struct View {
    const RowChunk& chunk;
    Sequence sequence;
    std::size_t rows;
  };

  void scan_by_planes(const View& view, std::size_t search);
  void scan_by_bytes(const View& view, std::size_t search);
  void scan_many(const View& view);
  void score_last_rows(const View& view, std::size_t search);
  void score_block(const View& view, std::size_t block, std::uint16_t passed, std::size_t search);
  void score_row(const View& view, std::size_t row, std::size_t search);
  float score_threshold(std::size_t search) const noexcept;

  const QueryBatch& batch_;
  const SearchKernel& kernel_;
  ScanChoice& choice_;
  std::vector<TopK> best_;
  ScanCounts counts_;
  std::size_t chunks_scanned_ = 0;
  AlignedArray<std::uint8_t> scratch_;  // allocated for many queries only
  std::vector<float> score_thresholds_;
  std::vector<std::uint16_t> passed_;
};

}  // namespace cosimo
