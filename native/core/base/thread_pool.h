// A fixed number of threads with one queue of tasks.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cosimo {

/// What a task is told when it is called: to run, on a pool thread, or that it was cancelled.
enum class TaskFate { run, cancelled };

/// Tasks start in the order of submission. Every task that submit() accepts is called exactly once and must
/// not throw. submit() and close() are safe from every thread; join() and the destructor from any thread but
/// the pool's own.
class ThreadPool {
 public:
  using Task = std::function<void(TaskFate)>;

  /// thread_count ≥ 1. Throws std::system_error when the system refuses a thread.
  explicit ThreadPool(std::size_t thread_count);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t thread_count() const noexcept { return thread_count_; }

  /// Queues a task. When the pool is closed, returns false and drops the task uncalled. Throws
  /// std::bad_alloc.
  bool submit(Task task);

  /// Accepts no more tasks and cancels the waiting ones, on the calling thread. Does not block. Idempotent.
  void close() noexcept;

  /// close(), then waits for the running tasks. Idempotent.
  void join() noexcept;

 private:
  void work() noexcept;

  const std::size_t thread_count_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cosimo
