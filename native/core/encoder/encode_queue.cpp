#include "core/encoder/encode_queue.h"

#include <algorithm>
#include <utility>

namespace cosimo {
namespace {

// After a helper delayed its leader, passes run alone for this long: something else needs the cores.
constexpr std::chrono::milliseconds kAlone{20};

// Where there is no memory for the sentence, the reason is std::bad_alloc.
std::exception_ptr reason_of(ErrorCode code, const char* sentence) noexcept {
  try {
    throw Error(code, sentence);
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace

void EncodeQueue::push(std::shared_ptr<EncodeBatch> batch) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) throw Error(ErrorCode::closed, "The encoder is closed");
    live_.reserve(live_.size() + 1);
    waiting_.push_back(batch);
    live_.push_back(std::move(batch));
    has_waiting_.store(true, std::memory_order_relaxed);
  }
  wake_.notify_all();
}

void EncodeQueue::give_up(const std::shared_ptr<EncodeBatch>& batch, ErrorCode code,
                          const char* sentence) noexcept {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find(live_.begin(), live_.end(), batch);
    if (found == live_.end()) return;  // it has ended
    forget_waiting(batch);
    if (!batch->give_up(reason_of(code, sentence))) return;
    live_.erase(found);
  }
  batch->settle();
}

void EncodeQueue::close() noexcept {
  std::unique_lock lock(mutex_);
  closed_ = true;
  end_batches(lock, [](const EncodeBatch& batch) { return !batch.has_begun(); });
}

void EncodeQueue::stop() noexcept {
  {
    std::unique_lock lock(mutex_);
    closed_ = true;
    stopping_ = true;
    end_batches(lock, [](const EncodeBatch&) { return true; });
  }
  wake_.notify_all();
}

template <typename Which>
void EncodeQueue::end_batches(std::unique_lock<std::mutex>& lock, const Which& which) noexcept {
  for (;;) {
    const auto found =
        std::find_if(live_.begin(), live_.end(), [&](const std::shared_ptr<EncodeBatch>& batch) {
          return !batch->stopped().load(std::memory_order_relaxed) && which(*batch);
        });
    if (found == live_.end()) return;
    const std::shared_ptr<EncodeBatch> batch = *found;
    lock.unlock();
    give_up(batch, ErrorCode::closed, "The encoder is closed");
    lock.lock();
  }
}

EncodeTask EncodeQueue::next(const EncodeRun* left) noexcept {
  std::unique_lock lock(mutex_);
  EncodeTask task;
  wake_.wait(lock, [&] {
    if (stopping_ || !waiting_.empty()) return true;
    task.run = joinable_run(left);
    return task.run != nullptr;
  });
  if (!waiting_.empty()) return take_piece();
  if (task.run) task.run->helpers += 1;
  return task;
}

std::shared_ptr<EncodeRun> EncodeQueue::joinable_run(const EncodeRun* left) const noexcept {
  for (const std::shared_ptr<EncodeRun>& run : runs_) {
    if (run.get() != left && run->helpers < most_helpers_) return run;
  }
  return nullptr;
}

EncodeTask EncodeQueue::take_piece() noexcept {
  EncodeTask task;
  task.batch = waiting_.front();
  task.piece = task.batch->take_piece();
  if (!task.batch->has_waiting_pieces()) forget_waiting(task.batch);
  try {
    task.run = begin_run(task.piece);
  } catch (const std::bad_alloc&) {
    // No memory for a run: the leading thread fails the piece in end_piece().
  }
  return task;
}

std::shared_ptr<EncodeRun> EncodeQueue::begin_run(const EncoderPiece& piece) {
  const auto longest =
      static_cast<std::size_t>(*std::max_element(piece.lengths, piece.lengths + piece.texts));
  const bool shared = most_helpers_ > 0 && std::chrono::steady_clock::now() >= alone_until_;
  auto run = std::make_shared<EncodeRun>(shared, encoder_scratch_bytes(weights_, longest));
  if (shared) runs_.push_back(run);
  return run;
}

void EncodeQueue::forget_waiting(const std::shared_ptr<EncodeBatch>& batch) noexcept {
  std::erase(waiting_, batch);
  has_waiting_.store(!waiting_.empty(), std::memory_order_relaxed);
}

void EncodeQueue::end_piece(const EncodeTask& task, std::exception_ptr error) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (task.run) {
      std::erase(runs_, task.run);
      if (task.run->stages.was_kept_waiting()) alone_until_ = std::chrono::steady_clock::now() + kAlone;
    }
    if (error) {
      forget_waiting(task.batch);
      task.batch->give_up(std::move(error));
    }
    if (!task.batch->end_piece()) return;
    std::erase(live_, task.batch);
  }
  task.batch->settle();
}

void EncodeQueue::end_help(const EncodeTask& task) noexcept {
  const std::lock_guard lock(mutex_);
  task.run->helpers -= 1;
}

}  // namespace cosimo
