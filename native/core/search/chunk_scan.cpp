#include "core/search/chunk_scan.h"

#include <algorithm>
#include <bit>
#include <limits>

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

ChunkScan::ChunkScan(const QueryBatch& batch, const SearchKernel& kernel, ScanChoice& choice)
    : batch_(batch),
      kernel_(kernel),
      choice_(choice),
      score_thresholds_(batch.size()),
      passed_(batch.size() * kMaxBlocks) {
  best_.reserve(batch.size());
  for (const auto& search : batch.searches()) best_.push_back(search->no_hits());
  if (batch.size() >= kManyQueries) {
    scratch_ = make_aligned_array<std::uint8_t>(kMaxBlocks * batch.codes().code_stride * kBlockRows);
  }
}

void ChunkScan::scan(const Snapshot& snapshot, std::size_t at) {
  const View view = {*snapshot.chunks()[at], snapshot.sequence(), snapshot.rows_of(at)};
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

void ChunkScan::scan_by_planes(const View& view, std::size_t search) {
  const CodeQuery& query = batch_.codes().queries[search];
  const std::size_t blocks = view.rows / kBlockRows;
  std::size_t blocks_passed = 0;
  std::uint16_t upper[kBlocksPerRun];
  for (std::size_t first = 0; first < blocks; first += kBlocksPerRun) {
    const std::size_t count = std::min(kBlocksPerRun, blocks - first);
    kernel_.bound_upper(query, view.chunk.codes(), first, count, score_threshold(search), upper);
    for (std::size_t i = 0; i < count; ++i) {
      if (upper[i] == 0) continue;
      ++blocks_passed;
      counts_.plane_rows_passed += static_cast<std::size_t>(std::popcount(upper[i]));
      std::uint16_t whole = 0;
      kernel_.bound_whole(query, view.chunk.codes(), first + i, 1, score_threshold(search), &whole);
      score_block(view, first + i, upper[i] & whole, search);
    }
  }
  counts_.plane_rows += blocks * kBlockRows;
  if (blocks > 0 && chunks_scanned_ >= kUnsettledChunks) choice_.record(blocks, blocks_passed);
}

void ChunkScan::scan_by_bytes(const View& view, std::size_t search) {
  const std::size_t blocks = view.rows / kBlockRows;
  std::uint16_t passed[kBlocksPerRun];
  for (std::size_t first = 0; first < blocks; first += kBlocksPerRun) {
    const std::size_t count = std::min(kBlocksPerRun, blocks - first);
    kernel_.bound_whole(batch_.codes().queries[search], view.chunk.codes(), first, count,
                        score_threshold(search), passed);
    for (std::size_t i = 0; i < count; ++i) score_block(view, first + i, passed[i], search);
  }
  counts_.byte_rows += blocks * kBlockRows;
}

void ChunkScan::scan_many(const View& view) {
  const std::size_t blocks = view.rows / kBlockRows;
  for (std::size_t first = 0; first < blocks; first += kMaxBlocks) {
    const std::size_t count = std::min(kMaxBlocks, blocks - first);
    for (std::size_t search = 0; search < batch_.size(); ++search)
      score_thresholds_[search] = score_threshold(search);
    kernel_.bound_many(batch_.codes(), view.chunk.codes(), first, count, score_thresholds_.data(),
                       scratch_.get(), passed_.data());
    for (std::size_t search = 0; search < batch_.size(); ++search) {
      for (std::size_t i = 0; i < count; ++i) {
        score_block(view, first + i, passed_[search * kMaxBlocks + i], search);
      }
    }
  }
  counts_.byte_rows += batch_.size() * blocks * kBlockRows;
}

// The rows after the last full block: they have no codes yet.
void ChunkScan::score_last_rows(const View& view, std::size_t search) {
  for (std::size_t row = view.rows / kBlockRows * kBlockRows; row < view.rows; ++row)
    score_row(view, row, search);
}

void ChunkScan::score_block(const View& view, std::size_t block, std::uint16_t passed, std::size_t search) {
  for (unsigned rows = passed; rows != 0; rows &= rows - 1) {
    score_row(view, block * kBlockRows + static_cast<std::size_t>(std::countr_zero(rows)), search);
  }
}

void ChunkScan::score_row(const View& view, std::size_t row, std::size_t search) {
  if (!view.chunk.is_live(row, view.sequence)) return;
  const PreparedQuery& query = batch_.search(search).query();
  double sum = 0;
  kernel_.score_rows(query.data(), view.chunk.row(row), 1, query.stride(), &sum);
  ++counts_.scored_rows;
  TopK& best = best_[search];
  best.offer({round_score(sum), view.chunk.key(row)});
  batch_.search(search).raise_score_threshold(best.score_threshold());
}

// Infinite for a settled search, so that no row is scored for it.
float ChunkScan::score_threshold(std::size_t search) const noexcept {
  const PendingSearch& asked = batch_.search(search);
  return asked.is_settled() ? std::numeric_limits<float>::infinity() : asked.score_threshold();
}

}  // namespace cosimo
