#include "core/index/idle_worker.h"

#include <chrono>

namespace cosimo {
namespace {

constexpr std::chrono::milliseconds kIdleTime{100};

}  // namespace

IdleWorker::~IdleWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void IdleWorker::note_change() noexcept {
  const std::lock_guard lock(mutex_);
  ++changes_;
  if (wanted_) return;  // the thread is at work and counts changes itself
  wanted_ = true;
  wake_.notify_one();
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread(&IdleWorker::work, this);
  } catch (...) {
    wanted_ = false;  // the next change tries again
  }
}

// Waits until nothing has changed for kIdleTime. False when the worker is to stop.
bool IdleWorker::wait_until_idle(std::unique_lock<std::mutex>& lock) {
  for (std::uint64_t seen = changes_ - 1; seen != changes_;) {
    seen = changes_;
    if (wake_.wait_for(lock, kIdleTime, [this] { return stopping_; })) return false;
  }
  return true;
}

void IdleWorker::work() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_ || !wait_until_idle(lock)) return;
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
