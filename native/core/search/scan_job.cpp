#include "core/search/scan_job.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"

namespace cosimo {
namespace {

std::vector<TopK> empty_results(const QueryBatch& batch) {
  std::vector<TopK> best;
  best.reserve(batch.size());
  for (const auto& search : batch.searches()) best.push_back(search->no_hits());
  return best;
}

}  // namespace

ScanJob::ScanJob(std::shared_ptr<const VectorIndex> index,
                 std::vector<std::shared_ptr<PendingSearch>> searches, ScanContext& context,
                 std::function<void()> ended)
    : index_(std::move(index)),
      context_(context),
      batch_(std::move(searches)),
      snapshot_(index_->snapshot()),
      rotated_(batch_, *snapshot_, context_.kernel),
      chunk_count_(snapshot_->chunks().size()),
      work_(chunk_count_ * kRowsPerChunk * batch_.size()),
      ended_(std::move(ended)),
      best_(empty_results(batch_)) {}

void ScanJob::lead() noexcept {
  if (chunk_count_ == 0) return finish();
  scan_chunks(true);
}

void ScanJob::help() noexcept { scan_chunks(false); }

void ScanJob::scan_chunks(bool is_leader) noexcept {
  if (next_chunk_.load(std::memory_order_relaxed) >= chunk_count_) return;
  std::unique_ptr<ChunkScan> scan;
  std::size_t scanned = 0;
  std::exception_ptr error;
  try {
    scan = std::make_unique<ChunkScan>(batch_, rotated_, snapshot_, context_.kernel, context_.choice);
    scan_share(*scan, scanned);
  } catch (...) {
    error = std::current_exception();
  }
  if (scan) context_.counters.add(scan->counts());
  if (scanned > 0 || (error && is_leader)) hand_in(scan.get(), scanned, std::move(error));
}

void ScanJob::scan_share(ChunkScan& scan, std::size_t& scanned) {
  for (;;) {
    const std::size_t chunk = next_chunk_.fetch_add(1, std::memory_order_relaxed);
    if (chunk >= chunk_count_) break;
    ++scanned;
    if (context_.stopping.load(std::memory_order_relaxed)) {
      throw Error(ErrorCode::closed, "The index is closed");
    }
    if (is_wanted()) scan.scan(chunk);
  }
  scan.finish();
}

// False once every search has been cancelled.
bool ScanJob::is_wanted() const noexcept {
  return std::any_of(batch_.searches().begin(), batch_.searches().end(),
                     [](const auto& search) { return !search->is_settled(); });
}

void ScanJob::hand_in(ChunkScan* scan, std::size_t scanned, std::exception_ptr error) noexcept {
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    if (chunks_done_ == chunk_count_) return;  // the leader ran out of memory; the job has ended without it
    try {
      for (std::size_t search = 0; !error && search < best_.size(); ++search) {
        best_[search].merge(scan->best(search));
      }
    } catch (...) {
      error = std::current_exception();
    }
    if (error && !error_) {
      error_ = error;
      // The chunks that no thread has begun are not needed any more: count them as done.
      const std::size_t begun = next_chunk_.exchange(chunk_count_, std::memory_order_relaxed);
      if (begun < chunk_count_) chunks_done_ += chunk_count_ - begun;
    }
    chunks_done_ += scanned;
    last = chunks_done_ == chunk_count_;
  }
  if (last) finish();
}

void ScanJob::finish() noexcept {
  snapshot_.reset();
  index_.reset();
  for (std::size_t at = 0; at < batch_.size(); ++at) {
    SearchResult result;
    result.error = error_;
    if (!error_) result.hits = best_[at].take_sorted();
    batch_.search(at).settle(std::move(result));
  }
  ended_();
}

}  // namespace cosimo
