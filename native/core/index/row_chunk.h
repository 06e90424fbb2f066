// A block of rows that never moves: floats, codes, keys, and when each row died.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/slab_allocator.h"
#include "kernels/search/kernel.h"

namespace cosimo {

/// Counts the published changes of an index, from 0 (empty).
using Sequence = std::uint64_t;

constexpr Sequence kNever = ~Sequence{0};
constexpr std::size_t kRowsPerChunk = 1024;
constexpr std::size_t kBlocksPerChunk = kRowsPerChunk / kBlockRows;

/// Where the parts of a chunk lie in its memory, in bytes from its start.
class ChunkLayout {
 public:
  explicit ChunkLayout(std::size_t dimensions) noexcept;

  std::size_t dimensions() const noexcept { return dimensions_; }
  std::size_t stride() const noexcept { return stride_; }
  std::size_t lines() const noexcept { return lines_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  friend class RowChunk;

  std::size_t dimensions_;
  std::size_t stride_;  // floats from row to row: dimensions rounded up to whole cache lines
  std::size_t lines_;
  std::size_t upper_;
  std::size_t lower_;
  std::size_t statistics_;
  std::size_t norms_;
  std::size_t floats_;
  std::size_t bytes_;
};

/// Rows are appended and never written again; the writer alone appends.
///
/// What a reader may touch. Its pin says how many rows of the chunk there are for it. Those rows, with the
/// codes of every block that they fill, were written before they were published, under the mutex of
/// Publication, so the pin orders the reading after the writing; rows behind them may be under the writer's
/// hands. Codes of a block are made when its last row comes: whole cache lines, never read before. A row is
/// live at sequence s when died > s. The writer stores died = m, m the sequence that it is about to publish:
/// a reader pinned before has s < m and sees the row whether it reads kNever or m; one pinned after sees m by
/// the order of the mutex. So relaxed atomics do.
class RowChunk {
 public:
  /// Throws std::bad_alloc. The allocator gives pieces of at least layout.bytes().
  RowChunk(const ChunkLayout& layout, std::shared_ptr<SlabAllocator> allocator);
  ~RowChunk();
  RowChunk(const RowChunk&) = delete;
  RowChunk& operator=(const RowChunk&) = delete;

  const float* row(std::size_t at) const noexcept { return floats_ + at * layout_.stride(); }
  std::uint64_t key(std::size_t at) const noexcept { return keys_[at]; }
  const CodeBlocks& codes() const noexcept { return codes_; }
  bool is_live(std::size_t at, Sequence sequence) const noexcept {
    return died_[at].load(std::memory_order_relaxed) > sequence;
  }

  // The writer's part.
  std::size_t row_count() const noexcept { return row_count_; }
  std::size_t dead_count() const noexcept { return dead_count_; }
  bool is_full() const noexcept { return row_count_ == kRowsPerChunk; }
  bool is_dead() const noexcept { return dead_count_ == kRowsPerChunk; }

  /// Adds a row to a chunk that is not full and returns its number. It is seen once it is published.
  std::size_t append(std::uint64_t key, std::span<const float> vector, const Kernel& kernel) noexcept;

  /// Ends a row's life with the publication of `died`.
  void retire(std::size_t at, Sequence died) noexcept {
    died_[at].store(died, std::memory_order_relaxed);
    ++dead_count_;
  }

 private:
  template <typename T>
  T* part(std::size_t offset) const noexcept {
    return reinterpret_cast<T*>(memory_ + offset);
  }

  void quantize(std::size_t block, const Kernel& kernel) noexcept;

  const ChunkLayout layout_;
  const std::shared_ptr<SlabAllocator> allocator_;
  std::byte* const memory_;
  float* const floats_;
  const CodeBlocks codes_;
  std::size_t row_count_ = 0;
  std::size_t dead_count_ = 0;
  std::array<std::uint64_t, kRowsPerChunk> keys_;
  std::array<std::atomic<Sequence>, kRowsPerChunk> died_;
};

/// The chunks of an index; all but the last are full. A table is never changed: growth publishes a new one.
using ChunkTable = std::vector<std::shared_ptr<RowChunk>>;

}  // namespace cosimo
