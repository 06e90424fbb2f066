// A thread that works in small steps while nothing changes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace cosimo {

class IdleWorker {
 public:
  /// `step` does a small piece of work and returns whether there is more to do. It is called on the worker's
  /// thread and must not throw.
  explicit IdleWorker(std::function<bool()> step) : step_(std::move(step)) {}
  /// Waits for the step under way.
  ~IdleWorker();
  IdleWorker(const IdleWorker&) = delete;
  IdleWorker& operator=(const IdleWorker&) = delete;

  /// Something changed that may call for steps. They begin once a tenth of a second has passed without a
  /// further change. Starts the thread when there is none; if the system refuses a thread, no step is done.
  /// Any thread.
  void note_change() noexcept;

 private:
  void work() noexcept;
  bool wait_until_idle(std::unique_lock<std::mutex>& lock);

  const std::function<bool()> step_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t changes_ = 0;
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace cosimo
