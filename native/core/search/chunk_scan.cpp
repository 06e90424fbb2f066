#include "core/search/chunk_scan.h"

namespace cosimo {

ChunkScan::ChunkScan(const QueryBatch& batch, const RotatedBatches& rotated,
                     const std::optional<const Snapshot>& snapshot, const SearchKernel& kernel,
                     ScanChoice& choice)
    : snapshot_(snapshot),
      scorer_(batch, kernel),
      plain_(batch, kernel, choice, scorer_),
      rotated_(batch, rotated, snapshot, kernel, scorer_) {}

void ChunkScan::scan(std::size_t at) {
  const ChunkView view = view_of(*snapshot_, at);
  if (view.plain == nullptr) {
    rotated_.scan(at);
  } else {
    plain_.scan(view);
  }
}

ScanCounts ChunkScan::counts() const noexcept {
  ScanCounts counts = plain_.counts();
  const ScanCounts& rotated = rotated_.counts();
  counts.head_rows = rotated.head_rows;
  counts.head_rows_passed = rotated.head_rows_passed;
  counts.record_rows_passed = rotated.record_rows_passed;
  counts.scored_rows = scorer_.scored_rows();
  counts.read_bytes += rotated.read_bytes + scorer_.read_bytes();
  return counts;
}

}  // namespace cosimo
