// A number of bytes that many threads share and never overdraw.
#pragma once

#include <atomic>
#include <cstddef>

namespace cosimo {

/// Safe from every thread. The counter orders nothing but itself: what the bytes hold is guarded by someone's
/// mutex.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t capacity) noexcept : capacity_(capacity) {}

  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

  /// Takes the bytes, or nothing and returns false when they do not fit.
  bool try_take(std::size_t bytes) noexcept {
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > capacity_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }

  void give_back(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const std::size_t capacity_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace cosimo
