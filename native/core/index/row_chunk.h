// A chunk of rows that never move: their floats, codes and keys, and when each of them died.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/slab_allocator.h"
#include "core/index/chunk_layout.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// Counts the published changes of an index, from 0 (empty).
using Sequence = std::uint64_t;

constexpr Sequence kNever = ~Sequence{0};

/// Rows are appended, by the writer alone, and never written again.
///
/// What readers may touch. A snapshot says how many rows of the chunk it contains. Those rows, and the codes
/// of every block that they fill, were written before the writer published them, under the mutex of
/// PublishedSnapshot. Taking the snapshot locks the same mutex, so a reader sees these writes. It must not
/// touch later rows: the writer may be at work there. The codes of a block are made when its last row comes;
/// they are whole cache lines that nobody has read before.
///
/// A row is live at sequence s when died > s. The writer stores died = m just before it publishes sequence m.
/// A reader whose snapshot is older has s < m: it sees a live row whether it reads kNever or m. A reader
/// whose snapshot is at least m sees died = m, by the order of the mutex. So relaxed atomics suffice.
class RowChunk {
 public:
  /// The allocator's pieces hold at least layout.bytes(). Throws std::bad_alloc.
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

  // For the writer alone.
  std::size_t row_count() const noexcept { return row_count_; }
  std::size_t dead_count() const noexcept { return dead_count_; }
  bool is_full() const noexcept { return row_count_ == kRowsPerChunk; }
  bool is_dead() const noexcept { return dead_count_ == kRowsPerChunk; }

  /// Adds a row to a chunk that is not full and returns its number. Readers see it once it is published.
  std::size_t append(std::uint64_t key, std::span<const float> vector, const SearchKernel& kernel) noexcept;

  /// The row is dead from sequence `died` on, which is published next.
  void retire(std::size_t at, Sequence died) noexcept {
    died_[at].store(died, std::memory_order_relaxed);
    ++dead_count_;
  }

 private:
  template <typename T>
  T* part(std::size_t offset) const noexcept {
    return reinterpret_cast<T*>(memory_ + offset);
  }

  void quantize(std::size_t block, const SearchKernel& kernel) noexcept;

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

/// The chunks of an index; all but the last are full. A table never changes: an index that grows publishes
/// another.
using ChunkTable = std::vector<std::shared_ptr<RowChunk>>;

}  // namespace cosimo
