// One shard of the embedding cache: a hash table and the two queues of S3-FIFO, under one mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "core/byte_budget.h"
#include "core/cache_entry.h"

namespace cosimo {

/// Eviction is S3-FIFO (Yang et al., SOSP 2023). A new entry starts in a small queue; at its end it moves to
/// the main queue if it was hit meanwhile, else it leaves and its hash stays behind as a ghost. A key that
/// comes back while its ghost is remembered goes to the main queue at once. The main queue gives hit entries
/// another round. So a stream of one-time keys (a bulk ingest) washes through the small tenth and leaves the
/// rest alone. Two liberties: one hit suffices to be promoted, and ghosts are one hash a table slot, the
/// newer replacing the older.
class CacheShard {
 public:
  enum class Kept { yes, no_room };

  /// `budget` is shared by all shards and outlives them. All calls are safe from every thread and take the
  /// mutex.
  CacheShard(std::size_t dimensions, ByteBudget& budget) noexcept
      : dimensions_(dimensions), budget_(budget) {}
  ~CacheShard();
  CacheShard(const CacheShard&) = delete;
  CacheShard& operator=(const CacheShard&) = delete;

  /// Copies the vector into `out`; false when the key is not there.
  bool get(std::string_view key, std::uint64_t hash, std::span<float> out) noexcept;

  /// Keeps or overwrites, evicting from this shard as needed; `no_room` when it is empty and it still does
  /// not fit. Throws std::bad_alloc.
  Kept set(std::string_view key, std::uint64_t hash, std::span<const float> vector);

  /// Evicts one entry; false when there is none.
  bool evict_one() noexcept;

  std::size_t size() const noexcept;

  /// Bytes that stay when every entry is gone; before the first entry, those that it will need.
  std::size_t table_bytes() const noexcept;

 private:
  struct TableSlot {
    CacheEntry* chain = nullptr;
    std::uint64_t ghost = 0;  // hash of an entry that left the small queue unhit; 0 for none
  };

  TableSlot& slot_of(std::uint64_t hash) noexcept { return table_[hash & (table_.size() - 1)]; }
  CacheEntry* find(std::string_view key, std::uint64_t hash) noexcept;
  bool make_room(std::size_t bytes) noexcept;
  void grow_table();
  void resize_table(std::size_t slots);
  bool evict() noexcept;
  bool evict_from_small() noexcept;
  void evict_from_main() noexcept;
  void drop(CacheEntry* entry) noexcept;

  const std::size_t dimensions_;
  ByteBudget& budget_;
  mutable std::mutex mutex_;
  std::vector<TableSlot> table_;  // empty, or a power of two
  EntryQueue small_;
  EntryQueue main_;
  std::size_t size_ = 0;
};

}  // namespace cosimo
