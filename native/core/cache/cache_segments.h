// The memory of the embedding cache: segments that are filled from front to back and emptied as a whole.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/reader_epochs.h"
#include "core/base/slab_allocator.h"

namespace cosimo {

/// Stands at the beginning of its own memory. The writer's.
struct CacheSegment {
  CacheSegment* newer = nullptr;
  std::size_t bytes;  // what it costs
  std::size_t used = sizeof(CacheSegment);
  std::uint64_t retired_epoch = 0;
  bool is_shared;  // of the standard size, for many entries; else made for one

  /// The next `entry_bytes`, which are there.
  std::byte* append(std::size_t entry_bytes) noexcept {
    std::byte* start = end();
    used += entry_bytes;
    return start;
  }

  std::byte* begin() noexcept { return reinterpret_cast<std::byte*>(this) + sizeof(CacheSegment); }
  std::byte* end() noexcept { return reinterpret_cast<std::byte*>(this) + used; }
  std::size_t room() const noexcept { return is_shared ? bytes - used : 0; }
};

/// First in, first out.
class SegmentQueue {
 public:
  bool empty() const noexcept { return oldest_ == nullptr; }
  std::size_t bytes() const noexcept { return bytes_; }
  CacheSegment* oldest() const noexcept { return oldest_; }
  CacheSegment* newest() const noexcept { return newest_; }

  void push(CacheSegment* segment) noexcept;
  /// The queue isn't empty.
  CacheSegment* pop() noexcept;

 private:
  CacheSegment* oldest_ = nullptr;
  CacheSegment* newest_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Hands segments out within a budget, and takes them back once no reader can hold a pointer into them. A
/// part of the budget is a reserve for whoever moves entries in order to free memory. The writer's, but for
/// held_bytes().
class CacheSegments {
 public:
  enum class Purpose { fill, move };

  /// standard_bytes: a multiple of SlabAllocator::kPieceAlignment, or 0 where no segment is shared.
  CacheSegments(std::size_t budget_bytes, std::size_t standard_bytes, ReaderEpochs& epochs) noexcept;
  /// Nobody reads any more, and every segment has been given back or retired.
  ~CacheSegments();
  CacheSegments(const CacheSegments&) = delete;
  CacheSegments& operator=(const CacheSegments&) = delete;

  /// Room for an entry of so many bytes, in a segment of the standard size unless the entry is too large to
  /// share one. Null when the budget, or the system, has no memory left.
  CacheSegment* take(std::size_t entry_bytes, Purpose purpose) noexcept;

  /// Nothing leads into the segment any more, but readers may still be in it.
  void retire(CacheSegment* segment) noexcept;

  /// Whether an entry could be kept if nothing else were.
  bool can_ever_hold(std::size_t entry_bytes) const noexcept;
  /// Whether another such segment is there, or will be once readers have left.
  bool has_next(std::size_t entry_bytes) const noexcept;

  /// Everything taken from the system: in use, waiting for readers, free. Any thread.
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
