// The memory of the embedding cache: segments that are filled from front to back and emptied as a whole.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/reader_epochs.h"
#include "core/base/slab_allocator.h"

namespace cosimo {

/// The header of a segment, at the start of the segment's memory. For the writer alone.
struct CacheSegment {
  CacheSegment* newer = nullptr;
  std::size_t bytes;  // of the whole segment, as the budget counts them
  std::size_t used = sizeof(CacheSegment);
  std::uint64_t retired_epoch = 0;
  bool is_shared;  // of the standard size, for many entries; otherwise for one entry

  /// Takes the next `entry_bytes`. Precondition: there is room for them.
  std::byte* append(std::size_t entry_bytes) noexcept {
    std::byte* start = end();
    used += entry_bytes;
    return start;
  }

  std::byte* begin() noexcept { return reinterpret_cast<std::byte*>(this) + sizeof(CacheSegment); }
  std::byte* end() noexcept { return reinterpret_cast<std::byte*>(this) + used; }
  std::size_t room() const noexcept { return is_shared ? bytes - used : 0; }
};

/// First in, first out. Segments are linked by `newer`.
class SegmentQueue {
 public:
  bool empty() const noexcept { return oldest_ == nullptr; }
  std::size_t bytes() const noexcept { return bytes_; }
  CacheSegment* oldest() const noexcept { return oldest_; }
  CacheSegment* newest() const noexcept { return newest_; }

  void push(CacheSegment* segment) noexcept;
  /// Precondition: the queue is not empty.
  CacheSegment* pop() noexcept;

 private:
  CacheSegment* oldest_ = nullptr;
  CacheSegment* newest_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Hands out segments within a budget and reuses them once no reader can hold a pointer into them. Part of
/// the budget is a reserve: evicting moves entries, which takes memory before it frees any. For the writer
/// alone, except held_bytes().
class SegmentPool {
 public:
  /// What a segment is for: new entries, or moved ones, which may use the reserve.
  enum class Purpose { fill, move };

  /// standard_bytes: the size of shared segments, a multiple of SlabAllocator::kPieceAlignment; 0: none is
  /// shared.
  SegmentPool(std::size_t budget_bytes, std::size_t standard_bytes, ReaderEpochs& epochs) noexcept;
  /// Precondition: no reader is left, and every segment has been retired.
  ~SegmentPool();
  SegmentPool(const SegmentPool&) = delete;
  SegmentPool& operator=(const SegmentPool&) = delete;

  /// A segment with room for an entry of `entry_bytes`. It has the standard size, unless the entry is too
  /// large to share one. Null when the budget or the system has no memory left.
  CacheSegment* take(std::size_t entry_bytes, Purpose purpose) noexcept;

  /// Takes back a segment that no link points to; readers may still be in it.
  void retire(CacheSegment* segment) noexcept;

  /// Whether an entry of this size fits into an empty cache.
  bool can_ever_hold(std::size_t entry_bytes) const noexcept;
  /// Whether take() can give a segment for filling now, or as soon as readers have left retired ones.
  bool has_next(std::size_t entry_bytes) const noexcept;

  /// Bytes taken from the system: in use, waiting for readers, or free. Any thread.
  std::size_t held_bytes() const noexcept { return held_.load(std::memory_order_relaxed); }

 private:
  bool shares(std::size_t entry_bytes) const noexcept;
  std::size_t cost(std::size_t entry_bytes) const noexcept;
  std::size_t reserve(bool shared, Purpose purpose) const noexcept;
  std::size_t free_bytes() const noexcept;
  void reclaim() noexcept;
  CacheSegment* make(std::size_t bytes, bool shared, std::size_t cost) noexcept;
  void unmake(CacheSegment* segment) noexcept;

  const std::size_t budget_;
  const std::size_t standard_;
  ReaderEpochs& epochs_;
  SlabAllocator slabs_;
  std::atomic<std::size_t> held_{0};
  bool any_shared_ = false;
  SegmentQueue waiting_;  // retired, oldest first
  SegmentQueue free_;     // of the standard size
};

}  // namespace cosimo
