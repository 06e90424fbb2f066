#include "core/search/chunk_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace cosimo {
namespace {

// From so many queries on, all are bounded together by whole bytes: arithmetic is the limit then, not memory.
constexpr std::size_t kManyQueries = 4;

// Blocks between two looks at a search's floor, which rises as hits are found.
constexpr std::size_t kBlocksPerRun = 16;

// Chunks that a thread reads before it trusts what passes: until then the floor is still low.
constexpr std::size_t kUnsettledChunks = 2;

}  // namespace

QueryBatch::QueryBatch(std::vector<std::shared_ptr<Search>> searches) : searches_(std::move(searches)) {
  const std::size_t stride = code_stride(searches_.front()->query().dimensions());
  const std::size_t room = (searches_.size() + kQueryTile - 1) / kQueryTile * kQueryTile;
  code_bytes_ = make_aligned_array<std::int8_t>(room * stride);
  std::memset(code_bytes_.get(), 0, room * stride);
  code_queries_.reserve(searches_.size());
  for (std::size_t at = 0; at < searches_.size(); ++at) {
    CodeQuery query = searches_[at]->query().codes();
    std::memcpy(code_bytes_.get() + at * stride, query.codes, stride);
    query.codes = code_bytes_.get() + at * stride;
    code_queries_.push_back(query);
  }
  codes_ = {searches_.size(), code_queries_.data(), code_bytes_.get(), stride};
}

ChunkScan::ChunkScan(const QueryBatch& batch, const Kernel& kernel, ScanChoice& choice)
    : batch_(batch),
      kernel_(kernel),
      choice_(choice),
      floors_(batch.size()),
      passed_(batch.size() * kMostBlocks) {
  best_.reserve(batch.size());
  for (const auto& search : batch.searches()) best_.push_back(search->empty());
  if (batch.size() >= kManyQueries) {
    scratch_ = make_aligned_array<std::uint8_t>(kMostBlocks * batch.codes().code_stride * kBlockRows);
  }
}

void ChunkScan::scan(const Pin& pin, std::size_t at) {
  const View view = {*pin.chunks()[at], pin.sequence(), pin.rows_of(at)};
  const bool together = batch_.size() >= kManyQueries && !choice_.planes_forced();
  const bool by_planes = !together && choice_.by_planes();
  if (together) scan_many(view);
  for (std::size_t search = 0; search < batch_.size(); ++search) {
    if (batch_.search(search).is_settled()) continue;
    if (!together && by_planes) scan_by_planes(view, search);
    if (!together && !by_planes) scan_by_bytes(view, search);
    score_rest(view, search);
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
    kernel_.bound_upper(query, view.chunk.codes(), first, count, floor(search), upper);
    for (std::size_t i = 0; i < count; ++i) {
      if (upper[i] == 0) continue;
      ++blocks_passed;
      counts_.plane_rows_passed += static_cast<std::size_t>(std::popcount(upper[i]));
      std::uint16_t whole = 0;
      kernel_.bound_whole(query, view.chunk.codes(), first + i, 1, floor(search), &whole);
      score_block(view, first + i, upper[i] & whole, search);
    }
  }
  counts_.plane_rows += blocks * kBlockRows;
  if (blocks > 0 && chunks_scanned_ >= kUnsettledChunks) choice_.saw(blocks, blocks_passed);
}

void ChunkScan::scan_by_bytes(const View& view, std::size_t search) {
  const std::size_t blocks = view.rows / kBlockRows;
  std::uint16_t passed[kBlocksPerRun];
  for (std::size_t first = 0; first < blocks; first += kBlocksPerRun) {
    const std::size_t count = std::min(kBlocksPerRun, blocks - first);
    kernel_.bound_whole(batch_.codes().queries[search], view.chunk.codes(), first, count, floor(search),
                        passed);
    for (std::size_t i = 0; i < count; ++i) score_block(view, first + i, passed[i], search);
  }
  counts_.byte_rows += blocks * kBlockRows;
}

void ChunkScan::scan_many(const View& view) {
  const std::size_t blocks = view.rows / kBlockRows;
  for (std::size_t first = 0; first < blocks; first += kMostBlocks) {
    const std::size_t count = std::min(kMostBlocks, blocks - first);
    for (std::size_t search = 0; search < batch_.size(); ++search) floors_[search] = floor(search);
    kernel_.bound_many(batch_.codes(), view.chunk.codes(), first, count, floors_.data(), scratch_.get(),
                       passed_.data());
    for (std::size_t search = 0; search < batch_.size(); ++search) {
      for (std::size_t i = 0; i < count; ++i) {
        score_block(view, first + i, passed_[search * kMostBlocks + i], search);
      }
    }
  }
  counts_.byte_rows += batch_.size() * blocks * kBlockRows;
}

// Rows behind the last full block, which have no codes yet.
void ChunkScan::score_rest(const View& view, std::size_t search) {
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
  batch_.search(search).raise_floor(best.floor());
}

// Nothing reaches the floor of a search that nobody waits for any more.
float ChunkScan::floor(std::size_t search) const noexcept {
  const Search& asked = batch_.search(search);
  return asked.is_settled() ? std::numeric_limits<float>::infinity() : asked.floor();
}

}  // namespace cosimo
