#include "core/index/key_map.h"

#include <algorithm>
#include <utility>

namespace cosimo {
namespace {

constexpr std::size_t kFewestPlaces = 8;

// How many places `keys` keys need: at most three quarters are full, and at least one is free.
constexpr std::size_t places_for(std::size_t keys) noexcept { return keys * 4 / 3 + 1; }

struct Hash {
  std::uint32_t tag;
  std::size_t shard;
};

// Multiplications by large odd numbers and a fold: neighboring keys get hashes far apart.
Hash hash_of(std::uint64_t key) noexcept {
  std::uint64_t mixed = key * 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9U;
  return {static_cast<std::uint32_t>(mixed >> 32), static_cast<std::size_t>(mixed >> 8) & 255};
}

// Scales a tag to a place, so that the number of places need not be a power of two.
std::size_t home_of(std::uint32_t tag, std::size_t places) noexcept {
  return static_cast<std::size_t>((static_cast<std::uint64_t>(tag) * places) >> 32);
}

std::size_t next(std::size_t at, std::size_t places) noexcept { return at + 1 == places ? 0 : at + 1; }

std::size_t distance(std::size_t from, std::size_t to, std::size_t places) noexcept {
  return to >= from ? to - from : to + places - from;
}

}  // namespace

// The place that holds the key, or the free one where it would go. There is always a free one.
std::size_t KeyMap::position_of(const Shard& shard, std::uint32_t tag, std::uint64_t key) const noexcept {
  const std::size_t places = shard.entries.size();
  std::size_t at = home_of(tag, places);
  for (;; at = next(at, places)) {
    const Entry& entry = shard.entries[at];
    if (entry.slot == kFree || (entry.tag == tag && keys_.key_of(entry.slot) == key)) return at;
  }
}

std::optional<Slot> KeyMap::find(std::uint64_t key) const noexcept {
  const Hash hash = hash_of(key);
  const Shard& shard = shards_[hash.shard];
  if (shard.entries.empty()) return std::nullopt;
  const Entry& entry = shard.entries[position_of(shard, hash.tag, key)];
  if (entry.slot == kFree) return std::nullopt;
  return entry.slot;
}

void KeyMap::reserve(std::span<const std::uint64_t> keys) {
  std::array<std::uint32_t, kShards> additional{};
  for (const std::uint64_t key : keys) ++additional[hash_of(key).shard];
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    if (additional[shard] > 0) grow(shards_[shard], additional[shard]);
  }
}

void KeyMap::grow(Shard& shard, std::size_t additional) {
  const std::size_t wanted = places_for(shard.size + additional);
  const std::size_t present = shard.entries.size();
  if (wanted > present) resize(shard, std::max({kFewestPlaces, wanted, present + present / 4}));
}

bool KeyMap::shrink_some() {
  for (Shard& shard : shards_) {
    const std::size_t wanted = shard.size == 0 ? 0 : std::max(kFewestPlaces, places_for(shard.size));
    if (shard.entries.size() <= wanted + wanted / 2) continue;
    resize(shard, wanted);
    return true;
  }
  return false;
}

void KeyMap::resize(Shard& shard, std::size_t places) {
  std::vector<Entry> entries(places);
  for (const Entry& entry : shard.entries) {
    if (entry.slot != kFree) insert_into(entries, entry);
  }
  capacity_ = capacity_ - shard.entries.size() + places;
  shard.entries = std::move(entries);
}

void KeyMap::insert_into(std::vector<Entry>& entries, Entry entry) noexcept {
  std::size_t at = home_of(entry.tag, entries.size());
  while (entries[at].slot != kFree) at = next(at, entries.size());
  entries[at] = entry;
}

void KeyMap::insert(std::uint64_t key, Slot slot) noexcept {
  const Hash hash = hash_of(key);
  Shard& shard = shards_[hash.shard];
  insert_into(shard.entries, {hash.tag, slot});
  ++shard.size;
  ++size_;
}

void KeyMap::assign(std::uint64_t key, Slot slot) noexcept {
  const Hash hash = hash_of(key);
  Shard& shard = shards_[hash.shard];
  shard.entries[position_of(shard, hash.tag, key)].slot = slot;
}

std::optional<Slot> KeyMap::erase(std::uint64_t key) noexcept {
  const Hash hash = hash_of(key);
  Shard& shard = shards_[hash.shard];
  if (shard.entries.empty()) return std::nullopt;
  std::vector<Entry>& entries = shard.entries;
  const std::size_t places = entries.size();
  std::size_t hole = position_of(shard, hash.tag, key);
  if (entries[hole].slot == kFree) return std::nullopt;
  const Slot slot = entries[hole].slot;
  // Close the gap: an entry behind it moves up, unless its home lies between the hole and itself.
  for (std::size_t at = next(hole, places); entries[at].slot != kFree; at = next(at, places)) {
    const std::size_t from_home = distance(home_of(entries[at].tag, places), at, places);
    if (from_home < distance(hole, at, places)) continue;
    entries[hole] = entries[at];
    hole = at;
  }
  entries[hole] = {};
  --shard.size;
  --size_;
  return slot;
}

}  // namespace cosimo
