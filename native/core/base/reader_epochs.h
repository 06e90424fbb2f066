// When memory that readers may still look at can be used again. Readers take no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/thread_number.h"

namespace cosimo {

/// Epoch-based reclamation. A reader announces the current epoch in a word of its own when it begins, and
/// clears the word when it is done. The writer first makes memory unreachable, then retires it, which ends
/// the epoch. Once every announced epoch is later than that one, nobody can hold a pointer to the memory.
///
/// Why that holds. All atomics named here, and the links that readers follow to the memory, are accessed with
/// memory_order_seq_cst, so there is one order S of these accesses. Take a reader R, who announces (A) and
/// then loads links (L), and a writer who unlinks (U), ends the epoch (E) and then looks at R's word (W).
/// - If A comes before W in S, W sees A or a later value of the word. A later value means that R is done:
///   it was stored with release order after all R's reads, so these come before W. If W sees A, the announced
///   epoch decides. An epoch up to the retired one keeps the memory. A later one means that R loaded the
///   epoch after E, hence after U, so its links L no longer lead to the memory.
/// - If W comes before A in S, then so does U before L: L doesn't see the link.
/// Either way the reader's accesses happen before the memory is used again, or don't happen.
///
/// Progress: enter() and leave() are wait-free, and the writer waits for nobody. While a reader is inside,
/// memory retired since it entered can't be used again.
class ReaderEpochs {
 public:
  /// The words of one thread, on a cache line of their own.
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> epoch{0};  // 0: not reading
    // Look-ups of this thread, written by it alone.
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
  };

  /// The slot of the calling thread; null for a thread without a number.
  Slot* own_slot() noexcept {
    const std::size_t number = thread_number();
    return number < slots_.size() ? &slots_[number] : nullptr;
  }

  void enter(Slot& slot) noexcept { slot.epoch.store(now_.load()); }
  static void leave(Slot& slot) noexcept { slot.epoch.store(0, std::memory_order_release); }

  /// Retires everything that was unreachable before the call, with the epoch that it returns. The writer's
  /// call.
  std::uint64_t retire() noexcept { return now_.fetch_add(1); }

  /// Whether no reader can see any more what was retired with `epoch` or before. The writer's call.
  bool is_past(std::uint64_t epoch) const noexcept {
    for (const Slot& slot : slots_) {
      const std::uint64_t announced = slot.epoch.load();
      if (announced != 0 && announced <= epoch) return false;
    }
    return true;
  }

  const std::array<Slot, kNumberedThreads>& slots() const noexcept { return slots_; }

 private:
  std::atomic<std::uint64_t> now_{1};
  std::array<Slot, kNumberedThreads> slots_;
};

}  // namespace cosimo
