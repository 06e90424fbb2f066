#include "core/search/plain_scan.h"

#include <algorithm>
#include <bit>

namespace cosimo {
namespace {

// From this many queries on, whole bytes are read once for all of them: then arithmetic is the limit, not
// memory.
constexpr std::size_t kManyQueries = 4;

// A search's score threshold rises as hits are found; a scan reads it again for each run of this many blocks.
constexpr std::size_t kBlocksPerRun = 16;

// A thread's first chunks are not counted: the threshold is still low.
constexpr std::size_t kUnsettledChunks = 2;

}  // namespace

PlainScan::PlainScan(const QueryBatch& batch, const SearchKernel& kernel, ScanChoice& choice,
                     RowScorer& scorer)
    : batch_(batch),
      kernel_(kernel),
      choice_(choice),
      scorer_(scorer),
      score_thresholds_(batch.size()),
      passed_(batch.size() * kMaxBlocks) {
  if (batch.size() >= kManyQueries) {
    scratch_ = make_aligned_array<std::uint8_t>(kMaxBlocks * batch.codes().code_stride * kBlockRows);
  }
}

void PlainScan::scan(const ChunkView& view) {
  const bool together = batch_.size() >= kManyQueries && !choice_.planes_forced();
  const bool by_planes = !together && choice_.by_planes();
  if (together) scan_many(view);
  for (std::size_t search = 0; search < batch_.size(); ++search) {
    if (batch_.search(search).is_settled()) continue;
    if (!together && by_planes) scan_by_planes(view, search);
    if (!together && !by_planes) scan_by_bytes(view, search);
    score_last_rows(view, search);
  }
  ++chunks_scanned_;
}

void PlainScan::scan_by_planes(const ChunkView& view, std::size_t search) {
  const CodeQuery& query = batch_.codes().queries[search];
  const std::size_t blocks = view.rows / kBlockRows;
  std::size_t blocks_passed = 0;
  std::uint16_t upper[kBlocksPerRun];
  for (std::size_t first = 0; first < blocks; first += kBlocksPerRun) {
    const std::size_t count = std::min(kBlocksPerRun, blocks - first);
    kernel_.bound_upper(query, view.plain->blocks(), first, count, scorer_.threshold(search), upper);
    for (std::size_t i = 0; i < count; ++i) {
      if (upper[i] == 0) continue;
      ++blocks_passed;
      counts_.plane_rows_passed += static_cast<std::size_t>(std::popcount(upper[i]));
      std::uint16_t whole = 0;
      kernel_.bound_whole(query, view.plain->blocks(), first + i, 1, scorer_.threshold(search), &whole);
      score_block(view, first + i, upper[i] & whole, search);
    }
  }
  counts_.plane_rows += blocks * kBlockRows;
  counts_.read_bytes += (blocks + blocks_passed) * view.plain->blocks().plane_bytes();
  if (blocks > 0 && chunks_scanned_ >= kUnsettledChunks) choice_.record(blocks, blocks_passed);
}

void PlainScan::scan_by_bytes(const ChunkView& view, std::size_t search) {
  const std::size_t blocks = view.rows / kBlockRows;
  std::uint16_t passed[kBlocksPerRun];
  for (std::size_t first = 0; first < blocks; first += kBlocksPerRun) {
    const std::size_t count = std::min(kBlocksPerRun, blocks - first);
    kernel_.bound_whole(batch_.codes().queries[search], view.plain->blocks(), first, count,
                        scorer_.threshold(search), passed);
    for (std::size_t i = 0; i < count; ++i) score_block(view, first + i, passed[i], search);
  }
  counts_.byte_rows += blocks * kBlockRows;
  counts_.read_bytes += 2 * blocks * view.plain->blocks().plane_bytes();
}

void PlainScan::scan_many(const ChunkView& view) {
  const std::size_t blocks = view.rows / kBlockRows;
  for (std::size_t first = 0; first < blocks; first += kMaxBlocks) {
    const std::size_t count = std::min(kMaxBlocks, blocks - first);
    for (std::size_t search = 0; search < batch_.size(); ++search)
      score_thresholds_[search] = scorer_.threshold(search);
    kernel_.bound_many(batch_.codes(), view.plain->blocks(), first, count, score_thresholds_.data(),
                       scratch_.get(), passed_.data());
    for (std::size_t search = 0; search < batch_.size(); ++search) {
      for (std::size_t i = 0; i < count; ++i) {
        score_block(view, first + i, passed_[search * kMaxBlocks + i], search);
      }
    }
  }
  counts_.byte_rows += batch_.size() * blocks * kBlockRows;
  counts_.read_bytes += 2 * blocks * view.plain->blocks().plane_bytes();
}

// The rows after the last full block: they have no codes yet.
void PlainScan::score_last_rows(const ChunkView& view, std::size_t search) {
  for (std::size_t row = view.rows / kBlockRows * kBlockRows; row < view.rows; ++row)
    scorer_.score(view, row, search);
}

void PlainScan::score_block(const ChunkView& view, std::size_t block, std::uint16_t passed,
                            std::size_t search) {
  for (unsigned rows = passed; rows != 0; rows &= rows - 1) {
    scorer_.score(view, block * kBlockRows + static_cast<std::size_t>(std::countr_zero(rows)), search);
  }
}

}  // namespace cosimo
