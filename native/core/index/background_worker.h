// A thread that does small steps of work while there are any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace cosimo {

enum class Priority { normal, lowest };

class BackgroundWorker {
 public:
  /// `step` does a small piece of work and returns whether there is more to do. It is called on the worker's
  /// thread and must not throw. Steps begin once `quiet` has passed without a change.
  BackgroundWorker(std::function<bool()> step, std::chrono::milliseconds quiet, Priority priority)
      : step_(std::move(step)), quiet_(quiet), priority_(priority) {}
  ~BackgroundWorker() { stop(); }
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;

  /// Something changed that may call for steps. Starts the thread when there is none; if the system refuses a
  /// thread, no step is done. Any thread.
  void note_change() noexcept;

  /// Waits for the step under way. No step begins after it. For workers that note changes for one another:
  /// all are stopped before any ends.
  void stop() noexcept;

 private:
  void work() noexcept;
  bool wait_until_quiet(std::unique_lock<std::mutex>& lock);

  const std::function<bool()> step_;
  const std::chrono::milliseconds quiet_;
  const Priority priority_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t changes_ = 0;
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace cosimo
