#include "core/search/rotated_scan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

namespace cosimo {
namespace {

constexpr std::size_t kRunsPerChunk = kBlocksPerChunk / kRunBlocks;
static_assert(kBlocksPerChunk % kRunBlocks == 0);

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

// The bounds that are NaN are passed over: their rows are not promising.
float highest_of_run(const float* bounds) noexcept {
  float highest = kLowest;
#pragma omp simd reduction(max : highest)
  for (std::size_t r = 0; r < kRunRows; ++r) highest = bounds[r] > highest ? bounds[r] : highest;
  return highest;
}

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
      passed_(batch.size()),
      fetched_(batch.size()),
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
  for (std::size_t first = 0; first < kBlocksPerChunk; first += kRunBlocks) {
    for (std::size_t search = 0; search < batch_.size(); ++search)
      thresholds_[search] = scorer_.threshold(search);
    bound_run(at, first);
    take_run(at);
  }
  finish_chunk(at);
}

void RotatedScan::finish() {
  if (!waiting_chunks_.empty() && is_opening()) look_at_waiting();
}

void RotatedScan::bound_run(std::size_t chunk, std::size_t first_block) {
  const RotatedCodes& codes = *snapshot_->chunks()[chunk].rotated;
  kernel_.rotated.bound_heads(rotated_.of(codes.rotation()).heads(), codes.heads(), first_block, kRunBlocks,
                              thresholds_.data(), passed_.data());
}

void RotatedScan::wait(std::size_t chunk) {
  const std::size_t searches = batch_.size();
  if (!waiting_bounds_)
    waiting_bounds_ = make_aligned_array<float>(opening_chunks_ * kRunsPerChunk * searches * kRunRows);
  std::fill(thresholds_.begin(), thresholds_.end(), kLowest);  // all rows pass, in order
  for (std::size_t run = 0; run < kRunsPerChunk; ++run) {
    bound_run(chunk, run * kRunBlocks);
    for (std::size_t search = 0; search < searches; ++search) {
      const std::size_t place = (waiting_chunks_.size() * kRunsPerChunk + run) * searches + search;
      std::copy_n(passed_[search].bounds, kRunRows, waiting_bounds_.get() + place * kRunRows);
      note_promising(search, place * kRunRows);
    }
  }
  waiting_chunks_.push_back(chunk);
  if (!is_opening()) look_at_waiting();
}

// `at`: where the bounds of a run begin.
void RotatedScan::note_promising(std::size_t search, std::size_t at) {
  Promising& promising = promising_[search];
  std::vector<Promising::Row>& rows = promising.rows;
  if (rows.size() == promising.limit && highest_of_run(waiting_bounds_.get() + at) < rows.front().bound)
    return;
  for (std::size_t end = at + kRunRows; at < end; at += kBlockRows) {
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

void RotatedScan::look_at_waiting() {
  for (std::size_t search = 0; search < batch_.size(); ++search) score_promising(search);
  for (std::size_t run = 0; run < waiting_chunks_.size() * kRunsPerChunk; ++run) {
    for (std::size_t search = 0; search < batch_.size(); ++search) take_waiting(run, search);
    const std::size_t chunk = waiting_chunks_[run / kRunsPerChunk];
    take_run(chunk);
    if ((run + 1) % kRunsPerChunk == 0) finish_chunk(chunk);
  }
  waiting_bounds_.reset();
  opening_chunks_ = 0;
}

void RotatedScan::score_promising(std::size_t search) {
  for (const Promising::Row& row : promising_[search].rows) {
    if (row.bound < scorer_.threshold(search)) continue;
    ++counts_.head_rows_passed;
    ++counts_.record_rows_passed;
    const std::size_t run = row.at / kRunRows / batch_.size();
    const std::size_t chunk = waiting_chunks_[run / kRunsPerChunk];
    scorer_.score(view_of(*snapshot_, chunk), run % kRunsPerChunk * kRunRows + row.at % kRunRows, search);
    waiting_bounds_[row.at] = kLowest;
  }
}

// The rows of run `run` that pass now.
void RotatedScan::take_waiting(std::size_t run, std::size_t search) {
  const float* bounds = waiting_bounds_.get() + (run * batch_.size() + search) * kRunRows;
  const std::size_t first_row = run % kRunsPerChunk * kRunRows;
  const float threshold = scorer_.threshold(search);
  PassedRows& passed = passed_[search];
  passed.count = 0;
  for (std::size_t at = 0; at < kRunRows; at += kBlockRows) {
    for (unsigned left = rows_reaching(bounds + at, threshold); left != 0; left &= left - 1) {
      const std::size_t row = at + first_of(left);
      if (bounds[row] == kLowest) continue;
      passed.rows[passed.count] = static_cast<std::uint32_t>(first_row + row);
      passed.bounds[passed.count] = bounds[row];
      ++passed.count;
    }
  }
}

// Called after each run. A row that passes by its head in run i is fetched; its record is looked at after run
// i + 1, and the row is scored after run i + 2, since memory takes as long. finish_chunk takes what is left.
void RotatedScan::take_run(std::size_t chunk) {
  score_rows(chunk);
  bound_records(chunk);
  passed_.swap(fetched_);
  const std::uint8_t* records = snapshot_->chunks()[chunk].rotated->records().bytes;
  for (std::size_t search = 0; search < batch_.size(); ++search) {
    PassedRows& fetched = fetched_[search];
    if (batch_.search(search).is_settled()) fetched.count = 0;
    for (std::size_t i = 0; i < fetched.count; ++i)
      __builtin_prefetch(records + fetched.rows[i] * kRecordBytes);
    counts_.head_rows_passed += fetched.count;
  }
}

void RotatedScan::finish_chunk(std::size_t chunk) {
  score_rows(chunk);
  bound_records(chunk);
  score_rows(chunk);
}

// Of the rows that have passed by their heads, takes those that their records let pass.
void RotatedScan::bound_records(std::size_t chunk) {
  const RotatedCodes& codes = *snapshot_->chunks()[chunk].rotated;
  const RecordQuery* queries = rotated_.of(codes.rotation()).records();
  const ChunkView view = view_of(*snapshot_, chunk);
  for (std::size_t search = 0; search < batch_.size(); ++search) {
    PassedRows& rows = fetched_[search];
    if (rows.count == 0) continue;
    counts_.read_bytes += rows.count * kRecordBytes;
    kernel_.rotated.bound_records(queries[search], codes.records(), scorer_.threshold(search), rows);
    counts_.record_rows_passed += rows.count;
    for (std::size_t i = 0; i < rows.count; ++i) {
      view.chunk.prefetch(rows.rows[i]);
      rows_to_score_.push_back({rows.rows[i], static_cast<std::uint32_t>(search), rows.bounds[i]});
    }
    rows.count = 0;
  }
}

void RotatedScan::score_rows(std::size_t chunk) {
  const ChunkView view = view_of(*snapshot_, chunk);
  for (const RowToScore& row : rows_to_score_) {
    if (!(row.bound < scorer_.threshold(row.search))) scorer_.score(view, row.row, row.search);
  }
  rows_to_score_.clear();
}

}  // namespace cosimo
