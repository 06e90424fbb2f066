// A block of rows that never moves, and the two numbers that say who may see a row.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "core/aligned_buffer.h"
#include "core/key_map.h"

namespace cosimo {

/// Counts the published changes of an index, from 0 (empty).
using Sequence = std::uint64_t;

constexpr Sequence kNever = ~Sequence{0};
constexpr std::size_t kRowsPerChunk = 1024;

/// kRowsPerChunk rows of `stride` floats. A row is visible at sequence s when born ≤ s < died.
///
/// Memory ordering. A reader at s and the writer that turns a dead slot (b, d) into a new row (n, never) may
/// meet: every pinned reader has s ≥ d (or the slot would not have been given out), the new row has n > s.
///   writer: floats, key; born ← n (relaxed); died ← never (release)
///   reader: d' ← died (acquire); b' ← born (relaxed)
/// A reader that sees died = never has, by release → acquire, born = n as well and n > s: not visible. A
/// reader that sees the old d has d ≤ s: not visible. Reading born first could pair the old b with never and
/// show half a row. A live row's retirement stores died = m with m > s for every reader pinned before it is
/// published, so that they see the row whether they read never or m. Floats and key need no atomics: a reader
/// touches them only when the row is visible to it; it was then published before the reader's pin, and is
/// rewritten only after its unpin, both under the mutex of Publication.
class RowChunk {
 public:
  /// Throws std::bad_alloc.
  explicit RowChunk(std::size_t stride)
      : floats_(make_aligned_array<float>(stride * kRowsPerChunk)), stride_(stride) {
    for (auto& born : born_) born.store(kNever, std::memory_order_relaxed);
  }

  const float* row(std::size_t at) const noexcept { return floats_.get() + at * stride_; }
  std::uint64_t key(std::size_t at) const noexcept { return keys_[at]; }

  bool is_visible(std::size_t at, Sequence sequence) const noexcept {
    const Sequence died = died_[at].load(std::memory_order_acquire);
    const Sequence born = born_[at].load(std::memory_order_relaxed);
    return born <= sequence && sequence < died;
  }

  /// Fills a slot that no reader can see. The row becomes visible once `born` is published.
  void write(std::size_t at, std::uint64_t key, std::span<const float> vector, Sequence born) noexcept {
    float* row = floats_.get() + at * stride_;
    std::memcpy(row, vector.data(), vector.size_bytes());
    std::memset(row + vector.size(), 0, (stride_ - vector.size()) * sizeof(float));
    keys_[at] = key;
    born_[at].store(born, std::memory_order_relaxed);
    died_[at].store(kNever, std::memory_order_release);
  }

  /// Ends a row's life; it goes unseen once `died` is published.
  void retire(std::size_t at, Sequence died) noexcept { died_[at].store(died, std::memory_order_release); }

  /// The writer's own: when a retired row died, and a link for its queue of retired slots.
  Sequence died(std::size_t at) const noexcept { return died_[at].load(std::memory_order_relaxed); }
  Slot& link(std::size_t at) noexcept { return links_[at]; }

  static std::size_t memory_bytes(std::size_t stride) noexcept {
    return sizeof(RowChunk) + stride * kRowsPerChunk * sizeof(float);
  }

 private:
  AlignedArray<float> floats_;
  std::size_t stride_;
  std::array<std::uint64_t, kRowsPerChunk> keys_{};
  std::array<std::atomic<Sequence>, kRowsPerChunk> born_{};
  std::array<std::atomic<Sequence>, kRowsPerChunk> died_{};
  std::array<Slot, kRowsPerChunk> links_{};
};

/// The chunks of an index in slot order. A table is never changed: growth publishes a new one.
using ChunkTable = std::vector<std::shared_ptr<RowChunk>>;

}  // namespace cosimo
