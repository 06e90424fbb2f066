#include "core/search/rotated_scan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "core/rotation/passed_rows.h"

namespace cosimo {
namespace {

constexpr std::size_t kRunRows = kMaxHeadBlocks * kBlockRows;
constexpr std::size_t kRunsPerChunk = kBlocksPerChunk / kMaxHeadBlocks;
static_assert(kBlocksPerChunk % kMaxHeadBlocks == 0);

// The bounds of waiting rows, for all searches of a thread: 4 MiB.
constexpr std::size_t kWaitingBounds = 1024 * 1024;
// One search waits for this many rows at most: later ones meet a threshold that is high enough.
constexpr std::size_t kWaitingRows = 64 * 1024;

// Every bound reaches it.
constexpr float kLowest = -std::numeric_limits<float>::infinity();

// So many rows with the highest bounds are scored first: among them are nearly all of the k best.
std::size_t promising_limit_for(std::size_t top_k) noexcept {
  return 2 * std::min<std::size_t>(top_k, 1000) + 12;
}

std::size_t opening_chunks_for(std::size_t searches) noexcept {
  return std::max<std::size_t>(1, std::min(kWaitingRows, kWaitingBounds / searches) / kRowsPerChunk);
}

std::size_t first_of(unsigned rows) noexcept { return static_cast<std::size_t>(std::countr_zero(rows)); }

// The rows of a block whose bounds are not below `threshold`. Nearly always there is none.
unsigned rows_reaching(const float* bounds, float threshold) noexcept {
  int below = 0;
#pragma omp simd reduction(+ : below)
  for (std::size_t r = 0; r < kBlockRows; ++r) below += bounds[r] < threshold ? 1 : 0;
  if (below == static_cast<int>(kBlockRows)) return 0;
  unsigned rows = 0;
  for (std::size_t r = 0; r < kBlockRows; ++r) rows |= static_cast<unsigned>(!(bounds[r] < threshold)) << r;
  return rows;
}

}  // namespace

RotatedScan::RotatedScan(const QueryBatch& batch, const RotatedBatches& rotated,
                         const std::optional<const Snapshot>& snapshot, const SearchKernel& kernel,
                         RowScorer& scorer)
    : batch_(batch),
      rotated_(rotated),
      snapshot_(snapshot),
      scorer_(scorer),
      kernel_(kernel),
      thresholds_(batch.size()),
      passed_(batch.size() * kMaxHeadBlocks),
      bounds_(batch.size() * kRunRows),
      opening_chunks_(opening_chunks_for(batch.size())),
      promising_(batch.size()) {
  for (std::size_t search = 0; search < batch.size(); ++search)
    promising_[search].limit = promising_limit_for(batch.search(search).no_hits().limit());
}

void RotatedScan::scan(std::size_t at) {
  counts_.head_rows += batch_.size() * kRowsPerChunk;
  const std::size_t head = snapshot_->chunks()[at].rotated->rotation().head_dimensions();
  counts_.read_bytes += kBlocksPerChunk * RotatedCodes::head_block_bytes(head);
  if (is_opening()) return wait(at);
  for (std::size_t first = 0; first < kBlocksPerChunk; first += kMaxHeadBlocks) {
    for (std::size_t search = 0; search < batch_.size(); ++search)
      thresholds_[search] = scorer_.threshold(search);
    bound_run(at, first, bounds_.data());
    take_run(at, first, bounds_.data());
  }
  finish_chunk(at);
}

void RotatedScan::finish() {
  if (!waiting_chunks_.empty() && is_opening()) look_at_waiting();
}

void RotatedScan::bound_run(std::size_t chunk, std::size_t first_block, float* bounds) {
  const RotatedCodes& codes = *snapshot_->chunks()[chunk].rotated;
  kernel_.rotated.bound_heads(rotated_.of(codes.rotation()).heads(), codes.heads(), first_block,
                              kMaxHeadBlocks, thresholds_.data(), {passed_.data(), bounds});
}

void RotatedScan::wait(std::size_t chunk) {
  if (!waiting_bounds_)
    waiting_bounds_ = make_aligned_array<float>(opening_chunks_ * kRunsPerChunk * bounds_of_run());
  std::fill(thresholds_.begin(), thresholds_.end(), kLowest);
  for (std::size_t run = 0; run < kRunsPerChunk; ++run) {
    const std::size_t at = (waiting_chunks_.size() * kRunsPerChunk + run) * bounds_of_run();
    bound_run(chunk, run * kMaxHeadBlocks, waiting_bounds_.get() + at);
    note_promising(at);
  }
  waiting_chunks_.push_back(chunk);
  if (!is_opening()) look_at_waiting();
}

// `at`: where the bounds of a run begin.
void RotatedScan::note_promising(std::size_t at) {
  for (std::size_t search = 0; search < promising_.size(); ++search) {
    Promising& promising = promising_[search];
    std::vector<Promising::Row>& rows = promising.rows;
    for (std::size_t block = 0; block < kMaxHeadBlocks; ++block, at += kBlockRows) {
      const float* bounds = waiting_bounds_.get() + at;
      const float least = rows.size() == promising.limit ? rows.front().bound : kLowest;
      for (unsigned left = rows_reaching(bounds, least); left != 0; left &= left - 1) {
        const std::size_t r = first_of(left);
        if (!std::isfinite(bounds[r])) continue;
        if (rows.size() == promising.limit) {
          if (!(bounds[r] > rows.front().bound)) continue;
          std::pop_heap(rows.begin(), rows.end(), std::greater<>());
          rows.pop_back();
        }
        rows.push_back({bounds[r], static_cast<std::uint32_t>(at + r)});
        std::push_heap(rows.begin(), rows.end(), std::greater<>());
      }
    }
  }
}

void RotatedScan::look_at_waiting() {
  for (std::size_t search = 0; search < batch_.size(); ++search) score_promising(search);
  for (std::size_t run = 0; run < waiting_chunks_.size() * kRunsPerChunk; ++run) {
    float* bounds = waiting_bounds_.get() + run * bounds_of_run();
    for (std::size_t search = 0; search < batch_.size(); ++search) {
      const float threshold = scorer_.threshold(search);
      for (std::size_t block = 0; block < kMaxHeadBlocks; ++block) {
        const std::size_t place = search * kMaxHeadBlocks + block;
        passed_[place] = static_cast<std::uint16_t>(rows_reaching(bounds + place * kBlockRows, threshold));
      }
    }
    const std::size_t chunk = waiting_chunks_[run / kRunsPerChunk];
    take_run(chunk, run % kRunsPerChunk * kMaxHeadBlocks, bounds);
    if ((run + 1) % kRunsPerChunk == 0) finish_chunk(chunk);
  }
  waiting_bounds_.reset();
  opening_chunks_ = 0;
}

void RotatedScan::score_promising(std::size_t search) {
  if (batch_.search(search).is_settled()) return;
  for (const Promising::Row& row : promising_[search].rows) {
    if (row.bound < scorer_.threshold(search)) continue;
    ++counts_.head_rows_passed;
    ++counts_.record_rows_passed;
    const std::size_t run = row.at / bounds_of_run();
    const std::size_t chunk = waiting_chunks_[run / kRunsPerChunk];
    const std::size_t in_run = row.at % kRunRows;
    scorer_.score(view_of(*snapshot_, chunk), run % kRunsPerChunk * kRunRows + in_run, search);
    waiting_bounds_[row.at] = kLowest;
  }
}

// Rows of a run that have passed by their heads are fetched now and bounded by their records after the next
// run; rows that pass again, likewise.
void RotatedScan::take_run(std::size_t chunk, std::size_t first_block, float* bounds) {
  score_rows(chunk);
  bound_records(chunk);
  for (std::size_t search = 0; search < batch_.size(); ++search) {
    if (!batch_.search(search).is_settled())
      add_passed_rows({passed_.data(), bounds}, search, first_block, kMaxHeadBlocks, passed_rows_);
  }
  const std::uint8_t* records = snapshot_->chunks()[chunk].rotated->records();
  for (const PassedRow& passed : passed_rows_) __builtin_prefetch(records + passed.row * kRecordBytes);
}

void RotatedScan::finish_chunk(std::size_t chunk) {
  score_rows(chunk);
  bound_records(chunk);
  score_rows(chunk);
}

// Of the rows that have passed by their heads, keeps those that their records let pass.
void RotatedScan::bound_records(std::size_t chunk) {
  const RotatedCodes& codes = *snapshot_->chunks()[chunk].rotated;
  const ChunkView view = view_of(*snapshot_, chunk);
  counts_.head_rows_passed += passed_rows_.size();
  counts_.read_bytes += passed_rows_.size() * kRecordBytes;
  kernel_.rotated.bound_records(rotated_.of(codes.rotation()).records(),
                                {codes.records(), codes.norm(), passed_rows_.size(), passed_rows_.data()});
  for (const PassedRow& passed : passed_rows_) {
    if (passed.bound < scorer_.threshold(passed.query)) continue;
    scorer_.prefetch(view, passed.row);
    rows_to_score_.push_back(passed);
  }
  counts_.record_rows_passed += rows_to_score_.size();
  passed_rows_.clear();
}

void RotatedScan::score_rows(std::size_t chunk) {
  const ChunkView view = view_of(*snapshot_, chunk);
  for (const PassedRow& passed : rows_to_score_) {
    if (!(passed.bound < scorer_.threshold(passed.query))) scorer_.score(view, passed.row, passed.query);
  }
  rows_to_score_.clear();
}

}  // namespace cosimo
