#include "core/embedding_cache.h"

#include <bit>
#include <functional>
#include <limits>

namespace cosimo {
namespace {

constexpr std::size_t kMostShards = 16;
constexpr std::size_t kEntriesPerShard = 64;  // fewer shards rather than smaller ones
constexpr std::size_t kTypicalKey = 64;       // bytes
constexpr std::size_t kShardBytes = sizeof(CacheShard) + sizeof(std::unique_ptr<CacheShard>);

std::size_t shard_count(std::size_t dimensions, std::size_t capacity_bytes) noexcept {
  const std::size_t shard_budget = kEntriesPerShard * CacheEntry::cost(kTypicalKey, dimensions);
  const std::size_t affordable = capacity_bytes / shard_budget;
  if (affordable == 0) return capacity_bytes >= kShardBytes ? 1 : 0;
  return std::bit_floor(affordable < kMostShards ? affordable : kMostShards);
}

}  // namespace

std::uint64_t hash_text(std::string_view text) noexcept {
  // The finaliser of MurmurHash3: table and shard index are taken from different ends of the hash.
  std::uint64_t hash = std::hash<std::string_view>{}(text);
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 33);
}

EmbeddingCache::EmbeddingCache(std::size_t dimensions, std::size_t capacity_bytes, Hash hash)
    : dimensions_(dimensions), hash_(hash), budget_(capacity_bytes) {
  const std::size_t count = shard_count(dimensions, capacity_bytes);
  shards_.reserve(count);
  while (shards_.size() < count && budget_.try_take(kShardBytes)) {
    shards_.push_back(std::make_unique<CacheShard>(dimensions, budget_));
  }
}

std::size_t EmbeddingCache::size() const noexcept {
  std::size_t total = 0;
  for (const auto& shard : shards_) total += shard->size();
  return total;
}

bool EmbeddingCache::get(std::string_view key, std::span<float> out) noexcept {
  if (shards_.empty()) return false;
  const std::uint64_t hash = hash_(key);
  return shards_[shard_of(hash)]->get(key, hash, out);
}

void EmbeddingCache::set(std::string_view key, std::span<const float> vector) {
  if (shards_.empty() || key.size() > std::numeric_limits<std::uint32_t>::max()) return;
  if (!can_ever_fit(CacheEntry::cost(key.size(), dimensions_))) return;
  const std::uint64_t hash = hash_(key);
  const std::size_t home = shard_of(hash);
  // The budget is common: what its own shard can't make room for, the neighbours do, one lock at a time.
  std::size_t neighbour = 1;
  while (shards_[home]->set(key, hash, vector) == CacheShard::Kept::no_room) {
    const auto evict_from_neighbour = [&] {
      return shards_[(home + neighbour) % shards_.size()]->evict_one();
    };
    while (neighbour < shards_.size() && !evict_from_neighbour()) ++neighbour;
    if (neighbour == shards_.size()) return;
  }
}

// Whether the bytes are there once everything is evicted; asked first, so that nothing is evicted in vain.
bool EmbeddingCache::can_ever_fit(std::size_t bytes) const noexcept {
  if (bytes <= capacity_bytes() / 4)
    return true;  // tables and shards take less than that; if not, set() finds out
  std::size_t fixed = shards_.size() * kShardBytes;
  for (const auto& shard : shards_) fixed += shard->table_bytes();
  return fixed + bytes <= capacity_bytes();
}

std::size_t EmbeddingCache::shard_of(std::uint64_t hash) const noexcept {
  return static_cast<std::size_t>(hash >> 48) & (shards_.size() - 1);
}

}  // namespace cosimo
