// One thread's part of a scan.
#pragma once

#include <cstddef>
#include <optional>

#include "core/search/plain_scan.h"
#include "core/search/rotated_scan.h"

namespace cosimo {

/// Scans chunks, each by the codes that it has, and keeps the best hits of each search.
class ChunkScan {
 public:
  /// The arguments outlive it. The snapshot is read in the calls below alone. Throws std::bad_alloc.
  ChunkScan(const QueryBatch& batch, const RotatedBatches& rotated,
            const std::optional<const Snapshot>& snapshot, const SearchKernel& kernel, ScanChoice& choice);

  /// Looks at every live row of chunk `at` for every search. Some rows wait. Throws std::bad_alloc.
  void scan(std::size_t at);

  /// Looks at the rows that wait. Called after the last chunk. Throws std::bad_alloc.
  void finish() { rotated_.finish(); }

  TopK& best(std::size_t search) noexcept { return scorer_.best(search); }
  ScanCounts counts() const noexcept;

 private:
  const std::optional<const Snapshot>& snapshot_;
  RowScorer scorer_;
  PlainScan plain_;
  RotatedScan rotated_;
};

}  // namespace cosimo
