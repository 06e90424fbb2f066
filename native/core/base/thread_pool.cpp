#include "core/base/thread_pool.h"

#include <utility>

namespace cosimo {

ThreadPool::ThreadPool(std::size_t thread_count) : thread_count_(thread_count) {
  threads_.reserve(thread_count);
  try {
    while (threads_.size() < thread_count) threads_.emplace_back(&ThreadPool::work, this);
  } catch (...) {
    join();
    throw;
  }
}

ThreadPool::~ThreadPool() { join(); }

bool ThreadPool::submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void ThreadPool::close() noexcept {
  std::unique_lock lock(mutex_);
  closed_ = true;
  wake_.notify_all();
  while (!queue_.empty()) {
    const Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task(TaskFate::cancelled);
    lock.lock();
  }
}

void ThreadPool::join() noexcept {
  close();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadPool::work() noexcept {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
      if (closed_) return;  // close() cancels the tasks that still wait
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task(TaskFate::run);
  }
}

}  // namespace cosimo
