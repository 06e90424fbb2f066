#include "core/index/background_worker.h"

#if defined(__linux__)
#include <sys/resource.h>
#endif

namespace cosimo {
namespace {

// Of the calling thread alone, which Linux allows. Elsewhere the priority stays.
void lower_priority() noexcept {
#if defined(__linux__)
  ::setpriority(PRIO_PROCESS, 0, 19);  // 0 is the calling thread
#endif
}

}  // namespace

void BackgroundWorker::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void BackgroundWorker::note_change() noexcept {
  const std::lock_guard lock(mutex_);
  ++changes_;
  if (stopping_) return;
  if (wanted_) return;  // the thread is at work and counts changes itself
  wanted_ = true;
  wake_.notify_one();
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread(&BackgroundWorker::work, this);
  } catch (...) {
    wanted_ = false;  // the next change tries again
  }
}

// Waits until nothing has changed for the quiet time. False when the worker is to stop.
bool BackgroundWorker::wait_until_quiet(std::unique_lock<std::mutex>& lock) {
  for (std::uint64_t seen = changes_ - 1; seen != changes_;) {
    seen = changes_;
    if (wake_.wait_for(lock, quiet_, [this] { return stopping_; })) return false;
  }
  return true;
}

void BackgroundWorker::work() noexcept {
  if (priority_ == Priority::lowest) lower_priority();
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_ || !wait_until_quiet(lock)) return;
    const std::uint64_t seen = changes_;
    bool more = true;
    while (more && seen == changes_ && !stopping_) {
      lock.unlock();
      more = step_();
      lock.lock();
    }
    if (!more && seen == changes_) wanted_ = false;
  }
}

}  // namespace cosimo
