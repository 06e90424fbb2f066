#include "core/encoder/pass/shared_stages.h"

#include <chrono>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cosimo {
namespace {

// A thread waits for some ten microseconds without a system call, about as long as an item takes. Then it
// offers its core to others.
constexpr std::uint32_t kSpins = 500;
// A helper leaves after this many offers, a millisecond or so. The next batch wakes it again.
constexpr std::uint32_t kHelperOffers = 3000;
// An item takes a millisecond at most. A thread that loses its core is gone for several.
constexpr std::chrono::milliseconds kLongWait{3};

void spin_once() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

}  // namespace

void SharedStages::publish(std::size_t count) noexcept {
  done_.store(0, std::memory_order_relaxed);
  ++stage_;
  ticket_.store(stage_ << kStageShift | static_cast<std::uint64_t>(count) << kCountShift,
                std::memory_order_release);
}

void SharedStages::work_off(const StageScratch& scratch) noexcept {
  // Check first: otherwise idle helpers' increments would overflow into the count bits.
  while (has_items(ticket_.load(std::memory_order_relaxed))) {
    const std::uint64_t ticket = ticket_.fetch_add(1, std::memory_order_acquire);
    if (!has_items(ticket)) return;
    call_(work_, item_of(ticket), scratch);
    done_.fetch_add(1, std::memory_order_release);
  }
}

void SharedStages::wait_for_helpers(std::size_t count) noexcept {
  std::uint32_t spins = 0;
  std::chrono::steady_clock::time_point began;
  while (done_.load(std::memory_order_acquire) != count) {
    if (++spins < kSpins) {
      spin_once();
      continue;
    }
    if (spins == kSpins) began = std::chrono::steady_clock::now();
    std::this_thread::yield();
  }
  if (spins >= kSpins && std::chrono::steady_clock::now() - began > kLongWait) {
    was_kept_waiting_ = true;
    end();
  }
}

bool SharedStages::may_idle_on(std::uint32_t rounds) noexcept {
  if (rounds < kSpins) {
    spin_once();
    return true;
  }
  std::this_thread::yield();
  return rounds < kSpins + kHelperOffers;
}

}  // namespace cosimo
