// Text → vector, bounded in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/byte_budget.h"
#include "core/cache_shard.h"

namespace cosimo {

/// The default hash: std::hash, its bits mixed once more.
std::uint64_t hash_text(std::string_view text) noexcept;

/// A bounded cache, safe from every thread.
///
/// Guarantees today: each call holds the mutex of one shard at a time, for a lookup, a copy of one vector and
/// evictions; so two calls meet only on the same shard, and a thread suspended inside it holds the others up.
/// Nothing here is lock-free. A hit compares the whole key; any byte may stand in a key, and it may be empty.
///
/// memory_bytes() counts shards, hash tables, entries and their keys, as the allocator takes them, and never
/// passes the capacity, not even while a table grows. Not counted: this object itself (a few words).
class EmbeddingCache {
 public:
  using Hash = std::uint64_t (*)(std::string_view) noexcept;

  /// dimensions ≥ 1. Throws std::bad_alloc.
  EmbeddingCache(std::size_t dimensions, std::size_t capacity_bytes, Hash hash = hash_text);

  std::size_t dimensions() const noexcept { return dimensions_; }
  std::size_t capacity_bytes() const noexcept { return budget_.capacity(); }
  std::size_t memory_bytes() const noexcept { return budget_.used(); }
  /// Entries, shard by shard: exact while nobody writes.
  std::size_t size() const noexcept;

  /// Copies the vector into `out` (`dimensions` floats); false when the key is not there.
  bool get(std::string_view key, std::span<float> out) noexcept;

  /// Keeps a copy, or overwrites the vector of the key; keeps nothing when the entry alone would pass the
  /// capacity. vector: `dimensions` floats. Throws std::bad_alloc; the cache then holds what it held, less
  /// what was evicted.
  void set(std::string_view key, std::span<const float> vector);

 private:
  bool can_ever_fit(std::size_t bytes) const noexcept;
  std::size_t shard_of(std::uint64_t hash) const noexcept;

  const std::size_t dimensions_;
  const Hash hash_;
  ByteBudget budget_;
  std::vector<std::unique_ptr<CacheShard>> shards_;  // a power of two, or none when not even one fits
};

}  // namespace cosimo
