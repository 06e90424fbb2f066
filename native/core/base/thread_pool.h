// Threads of our own and one queue in front of them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cosimo {

/// What becomes of a task: it runs on a pool thread, or it is told that it never will.
enum class TaskFate { run, cancelled };

/// Tasks start in the order of submission. Every task that is taken is called exactly once, with its fate,
/// and must not throw. submit() and close() are safe from every thread; join() and the destructor from any
/// thread but the pool's own.
class ThreadPool {
 public:
  using Task = std::function<void(TaskFate)>;

  /// thread_count ≥ 1. Throws std::system_error when the system gives no thread.
  explicit ThreadPool(std::size_t thread_count);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t thread_count() const noexcept { return thread_count_; }

  /// Queues a task; false, and the task is dropped uncalled, when the pool is closed. Throws std::bad_alloc.
  bool submit(Task task);

  /// Takes no more tasks and cancels those that wait, on the calling thread. Waits for nothing. Idempotent.
  void close() noexcept;

  /// Closes and waits for the running tasks. Idempotent.
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
