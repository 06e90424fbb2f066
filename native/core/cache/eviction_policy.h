// Which entries the embedding cache keeps and which it evicts: S3-FIFO.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/cache/cache_table.h"
#include "core/cache/ghost_table.h"
#include "core/cache/segment_pool.h"

namespace cosimo {

/// S3-FIFO (Yang et al., SOSP 2023), evicting a whole segment at a time. A new entry starts in the small
/// queue, a tenth of the cache. At the end of that queue it moves to the main queue if it was hit at least
/// once; otherwise it is evicted and its hash is remembered as a ghost. A key that comes back while its ghost
/// is remembered starts in the main queue. At the end of the main queue, an entry that was hit is reinserted.
/// So a stream of one-time keys (a bulk ingest) passes through the small queue and evicts nothing else.
///
/// One thread at a time: it is the writer of ReaderEpochs.
class EvictionPolicy {
 public:
  struct Counts {
    std::uint64_t insertions = 0;
    std::uint64_t evictions = 0;
    std::uint64_t readmissions = 0;
  };

  /// `budget_bytes`: for segments of entries. `table` and `epochs` outlive it. Throws std::bad_alloc.
  EvictionPolicy(std::size_t dimensions, std::size_t budget_bytes, std::size_t ghost_sets, CacheTable& table,
                 ReaderEpochs& epochs);
  /// Precondition: no reader is left.
  ~EvictionPolicy();

  /// Puts a copy of key and vector into the table, in place of the key's present entry, and evicts what it
  /// takes to make room. False when there is no room: the entry is too large, the system has no memory, or
  /// readers still use what was evicted. Entries written before `oldest_ms` are evicted even if they were
  /// hit.
  bool insert(std::string_view key, std::uint64_t hash, std::span<const float> vector, std::uint64_t now_ms,
              std::uint64_t oldest_ms) noexcept;

  std::size_t size() const noexcept { return size_; }
  const Counts& counts() const noexcept { return counts_; }
  /// Any thread.
  std::size_t held_bytes() const noexcept { return segments_.held_bytes(); }

 private:
  void* place(std::size_t bytes, SegmentQueue& queue) noexcept;
  bool evict_segment(const CacheSegment* spared) noexcept;
  void evict_entries(CacheSegment& segment) noexcept;
  bool reinsert(CacheSegment& segment) noexcept;
  bool is_worth_keeping(const CacheEntry& entry, std::size_t cost) const noexcept;
  bool move_to_main(CacheEntry& entry) noexcept;
  void drop(CacheEntry& entry) noexcept;

  const std::size_t dimensions_;
  CacheTable& table_;
  SegmentPool segments_;
  GhostTable ghosts_;
  SegmentQueue small_;
  SegmentQueue main_;
  std::size_t size_ = 0;
  std::size_t main_size_ = 0;
  std::size_t move_budget_ = 0;  // bytes, in this call of insert()
  std::uint64_t oldest_ms_ = 0;  // in this call of insert()
  Counts counts_;
};

}  // namespace cosimo
