// Work that one thread leads, stage by stage, and that others may help with.
//
// A stage is a number of items that any thread may do in any order. The leader publishes it, takes items
// until none is left and waits for those that helpers have taken. Without helpers the leader does every item.
// A suspended helper delays only the item it holds.
//
// One word holds all that a thread must know when it takes an item: the stage's number, how many items it has
// and which is next. So nobody can take an item of a stage that is over. A thread that takes an item
// (acquire) sees what the leader wrote before it published the stage (release); the additions of other
// threads in between continue the release sequence.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace cosimo {

/// A thread's own memory for temporary values.
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

  /// Whether the leader has waited so long for a helper that something else must need the cores. From then on
  /// it works alone.
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
