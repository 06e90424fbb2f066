// The scan of chunks with plain codes: they bound the score of every row, and rows that may be hits are
// scored.
#pragma once

#include <cstddef>
#include <vector>

#include "core/search/query_batch.h"
#include "core/search/row_scorer.h"
#include "core/search/scan_choice.h"
#include "core/search/scan_counters.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// One thread's.
class PlainScan {
 public:
  /// The arguments outlive it. Throws std::bad_alloc.
  PlainScan(const QueryBatch& batch, const SearchKernel& kernel, ScanChoice& choice, RowScorer& scorer);

  /// Looks at every live row of a chunk for every search. Throws std::bad_alloc.
  void scan(const ChunkView& view);

  const ScanCounts& counts() const noexcept { return counts_; }

 private:
  void scan_by_planes(const ChunkView& view, std::size_t search);
  void scan_by_bytes(const ChunkView& view, std::size_t search);
  void scan_many(const ChunkView& view);
  void score_last_rows(const ChunkView& view, std::size_t search);
  void score_block(const ChunkView& view, std::size_t block, std::uint16_t passed, std::size_t search);

  const QueryBatch& batch_;
  const SearchKernel& kernel_;
  ScanChoice& choice_;
  RowScorer& scorer_;
  ScanCounts counts_;
  std::size_t chunks_scanned_ = 0;
  AlignedArray<std::uint8_t> scratch_;  // allocated for many queries only
  std::vector<float> score_thresholds_;
  std::vector<std::uint16_t> passed_;
};

}  // namespace cosimo
