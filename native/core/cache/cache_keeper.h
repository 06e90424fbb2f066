// Which entries the embedding cache keeps, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/cache/cache_segments.h"
#include "core/cache/cache_table.h"
#include "core/cache/ghost_table.h"

namespace cosimo {

/// S3-FIFO (Yang et al., SOSP 2023), a segment at a time. A new entry starts in a small queue; at its end it
/// moves to the main queue if it was hit meanwhile, else it leaves and its hash stays behind as a ghost. A
/// key that comes back while its ghost is remembered goes to the main queue at once. The main queue gives hit
/// entries another round. So a stream of one-time keys (a bulk ingest) washes through the small tenth and
/// leaves the rest alone. One hit suffices to be promoted.
///
/// One thread at a time: the writer, as ReaderEpochs has it.
class CacheKeeper {
 public:
  struct Counts {
    std::uint64_t insertions = 0;
    std::uint64_t evictions = 0;
    std::uint64_t readmissions = 0;
  };

  /// `budget_bytes` are for entries. Throws std::bad_alloc.
  CacheKeeper(std::size_t dimensions, std::size_t budget_bytes, std::size_t ghost_sets, CacheTable& table,
              ReaderEpochs& epochs);
  /// Nobody reads any more.
  ~CacheKeeper();

  /// Links a copy of key and vector into the table, in the place of the key's present entry if there is one.
  /// False when there is no room: too large, no memory, or readers in the way. Entries written before
  /// `oldest_ms` are not worth keeping.
  bool keep(std::string_view key, std::uint64_t hash, std::span<const float> vector, std::uint64_t now_ms,
            std::uint64_t oldest_ms) noexcept;

  std::size_t size() const noexcept { return size_; }
  const Counts& counts() const noexcept { return counts_; }
  /// Any thread.
  std::size_t held_bytes() const noexcept { return segments_.held_bytes(); }

 private:
  void* place(std::size_t bytes, SegmentQueue& queue) noexcept;
  bool evict_segment(const CacheSegment* spared) noexcept;
  void evict_entries(CacheSegment& segment) noexcept;
  bool pass_on(CacheSegment& segment) noexcept;
  bool is_wanted(const CacheEntry& entry, std::size_t cost) const noexcept;
  bool move(CacheEntry& entry) noexcept;
  void drop(CacheEntry& entry) noexcept;

  const std::size_t dimensions_;
  CacheTable& table_;
  CacheSegments segments_;
  GhostTable ghosts_;
  SegmentQueue small_;
  SegmentQueue main_;
  std::size_t size_ = 0;
  std::size_t main_size_ = 0;
  std::size_t may_move_ = 0;     // bytes, in this call of keep()
  std::uint64_t oldest_ms_ = 0;  // in this call of keep()
  Counts counts_;
};

}  // namespace cosimo
