// A chunk of rows that never move: their floats and keys, and when each of them died.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/slab_allocator.h"
#include "core/index/chunk_layout.h"

namespace cosimo {

/// Counts the published changes of an index, from 0 (empty).
using Sequence = std::uint64_t;

constexpr Sequence kNever = ~Sequence{0};

/// Rows are appended, by the writer alone, and never written again.
///
/// What readers may touch. A snapshot says how many rows of the chunk it contains. Those rows, and the codes
/// of every block that they fill, were written before the writer published them, under the mutex of
/// PublishedSnapshot. Taking the snapshot locks the same mutex, so a reader sees these writes. It must not
/// touch later rows: the writer may be at work there.
///
/// A row is live at sequence s when died > s. The writer stores died = m just before it publishes sequence m.
/// A reader whose snapshot is older has s < m: it sees a live row whether it reads kNever or m. A reader
/// whose snapshot is at least m sees died = m, by the order of the mutex. So relaxed atomics suffice.
class RowChunk {
 public:
  /// The allocator's pieces hold at least layout.row_bytes(). Throws std::bad_alloc.
  RowChunk(const ChunkLayout& layout, std::shared_ptr<SlabAllocator> allocator);
  ~RowChunk();
  RowChunk(const RowChunk&) = delete;
  RowChunk& operator=(const RowChunk&) = delete;

  const float* row(std::size_t at) const noexcept { return floats_ + at * stride_; }
  std::uint64_t key(std::size_t at) const noexcept { return keys_[at]; }
  bool is_live(std::size_t at, Sequence sequence) const noexcept {
    return died_[at].load(std::memory_order_relaxed) > sequence;
  }

  /// Fetches what `row`, `key` and `is_live` read.
  void prefetch(std::size_t at) const noexcept {
    __builtin_prefetch(&died_[at]);
    __builtin_prefetch(&keys_[at]);
    for (const float* line = row(at); line < row(at) + stride_; line += kCacheLineBytes / sizeof(float))
      __builtin_prefetch(line);
  }

  // For the writer alone.
  std::size_t row_count() const noexcept { return row_count_; }
  std::size_t dead_count() const noexcept { return dead_count_; }
  bool is_full() const noexcept { return row_count_ == kRowsPerChunk; }
  /// What the index calls the chunk.
  std::size_t number() const noexcept { return number_; }
  void set_number(std::size_t number) noexcept { number_ = number; }
  bool is_dead() const noexcept { return dead_count_ == kRowsPerChunk; }

  /// Adds a row to a chunk that is not full and returns its number. Readers see it once it is published.
  std::size_t append(std::uint64_t key, std::span<const float> vector) noexcept;

  /// The row is dead from sequence `died` on, which is published next.
  void retire(std::size_t at, Sequence died) noexcept {
    died_[at].store(died, std::memory_order_relaxed);
    ++dead_count_;
  }

 private:
  const std::size_t stride_;
  const std::shared_ptr<SlabAllocator> allocator_;
  float* const floats_;
  std::size_t row_count_ = 0;
  std::size_t dead_count_ = 0;
  std::size_t number_ = 0;
  std::array<std::uint64_t, kRowsPerChunk> keys_;
  std::array<std::atomic<Sequence>, kRowsPerChunk> died_;
};

}  // namespace cosimo
