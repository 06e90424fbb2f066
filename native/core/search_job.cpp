#include "core/search_job.h"

#include <utility>

#include "core/error.h"

namespace cosimo {

SearchJob::SearchJob(std::shared_ptr<const VectorIndex> index, const Kernel& kernel,
                     const std::atomic<bool>& stopping, PreparedQuery query, TopK best, Searcher::Done done)
    : index_(std::move(index)),
      kernel_(kernel),
      stopping_(stopping),
      query_(std::move(query)),
      empty_(best),
      best_(std::move(best)),
      done_(std::move(done)) {}

void SearchJob::start(const std::function<void(std::size_t)>& ask_for_helpers) noexcept {
  pin_.emplace(index_->publication());
  chunk_count_ = pin_->chunks().size();
  if (chunk_count_ == 0) return finish();
  ask_for_helpers(index_->size());  // the queue's mutex shows pin_ and chunk_count_ to the helpers
  help();
}

void SearchJob::help() noexcept {
  TopK best = empty_;
  std::size_t scanned = 0;
  std::exception_ptr error;
  try {
    scan_share(best, scanned);
  } catch (...) {
    error = std::current_exception();
  }
  if (scanned > 0) hand_in(best, scanned, std::move(error));
}

void SearchJob::scan_share(TopK& best, std::size_t& scanned) {
  for (;;) {
    const std::size_t chunk = next_chunk_.fetch_add(1, std::memory_order_relaxed);
    if (chunk >= chunk_count_) return;
    ++scanned;
    if (stopping_.load(std::memory_order_relaxed)) throw Error(ErrorCode::closed, "The index is closed");
    scan_chunk(*pin_->chunks()[chunk], pin_->sequence(), query_, kernel_, best);
  }
}

void SearchJob::hand_in(const TopK& best, std::size_t scanned, std::exception_ptr error) noexcept {
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    try {
      if (!error) best_.merge(best);
    } catch (...) {
      error = std::current_exception();
    }
    if (error && !error_) {
      error_ = error;
      // Nobody needs the chunks that nobody has begun: count them as done.
      const std::size_t begun = next_chunk_.exchange(chunk_count_, std::memory_order_relaxed);
      if (begun < chunk_count_) chunks_done_ += chunk_count_ - begun;
    }
    chunks_done_ += scanned;
    last = chunks_done_ == chunk_count_;
  }
  if (last) finish();
}

void SearchJob::finish() noexcept {
  SearchResult result;
  result.error = error_;
  if (!error_) result.hits = best_.take_sorted();
  pin_.reset();
  index_.reset();
  std::exchange(done_, nullptr)(std::move(result));
}

void SearchJob::cancel() noexcept {
  index_.reset();
  std::exchange(done_,
                nullptr)({{}, std::make_exception_ptr(Error(ErrorCode::closed, "The index is closed"))});
}

}  // namespace cosimo
