// Work that one thread leads, stage by stage, and that others may help with.
//
// A stage is a number of items that may be done in any order by anyone. The leader publishes it, takes items
// until none is left and waits for those that others have taken. If nobody comes it has done them all: a
// helper that the system keeps waiting costs nothing but the item it holds, and nobody waits for one that
// holds none.
//
// Everything about a stage that a taker has to know at once is in one word: its number, how many items it has
// and which is next. So an item of a stage that is over can't be taken, and what the leader wrote before it
// published the stage (release) is seen by whoever takes one of its items (acquire; the additions of other
// takers in between continue the release sequence).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace cosimo {

/// Memory that a thread works in, beside what items read and write.
struct StageScratch {
  std::byte* memory = nullptr;
  std::size_t bytes = 0;
};

class SharedStages {
 public:
  static constexpr std::size_t kMaxItems = (std::size_t{1} << 20) - 1;

  /// `shared` false: the leader stays alone. `scratch_bytes`: what every thread needs.
  SharedStages(bool shared, std::size_t scratch_bytes) noexcept
      : open_(shared), scratch_bytes_(scratch_bytes) {}

  std::size_t scratch_bytes() const noexcept { return scratch_bytes_; }

  /// Leader: calls work(item, scratch) for every item below `count` ≤ kMaxItems, and returns when all are
  /// done. `work` throws nothing.
  template <typename Work>
  void run(std::size_t count, const StageScratch& scratch, const Work& work) noexcept {
    if (!open_.load(std::memory_order_relaxed)) {
      for (std::size_t item = 0; item < count; ++item) work(item, scratch);
      return;
    }
    work_ = &work;
    call_ = [](const void* any, std::size_t item, const StageScratch& own) {
      (*static_cast<const Work*>(any))(item, own);
    };
    publish(count);
    work_off(scratch);
    wait_for_helpers(count);
  }

  /// Leader, after the last stage: helpers leave.
  void end() noexcept { open_.store(false, std::memory_order_release); }

  /// Helper: takes items until the leader ends, until it finds nothing to do for long, or until `leave`
  /// returns true between two items.
  template <typename Leave>
  void help(const StageScratch& scratch, const Leave& leave) noexcept {
    std::uint64_t last = 0;
    std::uint32_t idle = 0;
    while (open_.load(std::memory_order_acquire) && !leave()) {
      const std::uint64_t ticket = ticket_.load(std::memory_order_relaxed);
      if (has_items(ticket)) {
        work_off(scratch);
        idle = 0;
      } else if (ticket != last) {
        last = ticket;
        idle = 0;
      } else if (!may_idle_on(++idle)) {
        return;
      }
    }
  }

  /// Whether the leader has waited so long for a helper that others must want the cores. It stays alone from
  /// then on.
  bool was_kept_waiting() const noexcept { return was_kept_waiting_; }

 private:
  static constexpr int kCountShift = 20;
  static constexpr int kStageShift = 40;

  static std::size_t item_of(std::uint64_t ticket) noexcept { return ticket & kMaxItems; }
  static std::size_t count_of(std::uint64_t ticket) noexcept { return (ticket >> kCountShift) & kMaxItems; }
  static bool has_items(std::uint64_t ticket) noexcept { return item_of(ticket) < count_of(ticket); }

  void publish(std::size_t count) noexcept;
  void work_off(const StageScratch& scratch) noexcept;
  void wait_for_helpers(std::size_t count) noexcept;
  static bool may_idle_on(std::uint32_t rounds) noexcept;

  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::size_t> done_{0};
  alignas(64) std::atomic<bool> open_;
  const std::size_t scratch_bytes_;
  bool was_kept_waiting_ = false;  // the leader's
  std::uint64_t stage_ = 0;        // the leader's
  const void* work_ = nullptr;
  void (*call_)(const void*, std::size_t, const StageScratch&) = nullptr;
};

}  // namespace cosimo
