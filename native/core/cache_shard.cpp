#include "core/cache_shard.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace cosimo {
namespace {

constexpr std::size_t kFirstTableSlots = 8;
constexpr std::size_t kSmallShare = 10;  // the small queue gets one part in this many

}  // namespace

CacheShard::~CacheShard() {
  while (evict()) {
  }
  budget_.give_back(table_.size() * sizeof(TableSlot));
}

bool CacheShard::get(std::string_view key, std::uint64_t hash, std::span<float> out) noexcept {
  const std::lock_guard lock(mutex_);
  CacheEntry* entry = find(key, hash);
  if (entry == nullptr) return false;
  entry->hits = std::min<std::uint8_t>(entry->hits + 1, CacheEntry::kMostHits);
  std::memcpy(out.data(), entry->vector(), out.size_bytes());
  return true;
}

CacheShard::Kept CacheShard::set(std::string_view key, std::uint64_t hash, std::span<const float> vector) {
  const std::lock_guard lock(mutex_);
  if (CacheEntry* present = find(key, hash)) {
    std::memcpy(present->vector(), vector.data(), vector.size_bytes());
    return Kept::yes;
  }
  grow_table();
  const std::size_t bytes = CacheEntry::cost(key.size(), vector.size());
  if (table_.empty() || !make_room(bytes)) return Kept::no_room;
  CacheEntry* entry = nullptr;
  try {
    entry = CacheEntry::create(key, hash, vector);
  } catch (...) {
    budget_.give_back(bytes);
    throw;
  }
  TableSlot& slot = slot_of(hash);
  const bool came_back = hash != 0 && slot.ghost == hash;
  if (came_back) slot.ghost = 0;
  entry->chain = std::exchange(slot.chain, entry);
  (came_back ? main_ : small_).push(entry);
  ++size_;
  return Kept::yes;
}

bool CacheShard::evict_one() noexcept {
  const std::lock_guard lock(mutex_);
  return evict();
}

std::size_t CacheShard::size() const noexcept {
  const std::lock_guard lock(mutex_);
  return size_;
}

std::size_t CacheShard::table_bytes() const noexcept {
  const std::lock_guard lock(mutex_);
  return std::max(kFirstTableSlots, table_.size()) * sizeof(TableSlot);
}

CacheEntry* CacheShard::find(std::string_view key, std::uint64_t hash) noexcept {
  if (table_.empty()) return nullptr;
  CacheEntry* entry = slot_of(hash).chain;
  while (entry != nullptr && (entry->hash != hash || entry->key(dimensions_) != key)) entry = entry->chain;
  return entry;
}

bool CacheShard::make_room(std::size_t bytes) noexcept {
  while (!budget_.try_take(bytes)) {
    if (!evict()) return false;
  }
  return true;
}

// Keeps about one entry a slot while there is room for a larger table beside the old one; without, chains
// grow.
void CacheShard::grow_table() {
  if (size_ < table_.size()) return;
  const std::size_t slots = std::max(kFirstTableSlots, table_.size() * 2);
  const std::size_t bytes = slots * sizeof(TableSlot);
  if (!budget_.try_take(bytes)) return;
  const std::size_t old_bytes = table_.size() * sizeof(TableSlot);
  try {
    resize_table(slots);
    budget_.give_back(old_bytes);
  } catch (const std::bad_alloc&) {
    budget_.give_back(bytes);
    if (table_.empty()) throw;
  }
}

void CacheShard::resize_table(std::size_t slots) {
  std::vector<TableSlot> old(slots);
  old.swap(table_);
  for (const TableSlot& slot : old) {
    if (slot.ghost != 0) slot_of(slot.ghost).ghost = slot.ghost;
    for (CacheEntry* entry = slot.chain; entry != nullptr;) {
      CacheEntry* next = entry->chain;
      entry->chain = std::exchange(slot_of(entry->hash).chain, entry);
      entry = next;
    }
  }
}

bool CacheShard::evict() noexcept {
  while (size_ > 0) {
    const bool small_is_due = small_.bytes() >= (small_.bytes() + main_.bytes()) / kSmallShare;
    if (main_.empty() || (small_is_due && !small_.empty())) {
      if (evict_from_small()) return true;
    } else {
      evict_from_main();
      return true;
    }
  }
  return false;
}

// False when the oldest entry was promoted instead.
bool CacheShard::evict_from_small() noexcept {
  CacheEntry* entry = small_.pop();
  if (entry->hits > 0) {
    main_.push(entry);
    return false;
  }
  slot_of(entry->hash).ghost = entry->hash;
  drop(entry);
  return true;
}

// Ends: each round takes a hit from every entry, and no entry has more than kMostHits.
void CacheShard::evict_from_main() noexcept {
  for (;;) {
    CacheEntry* entry = main_.pop();
    if (entry->hits == 0) return drop(entry);
    const auto hits = static_cast<std::uint8_t>(entry->hits - 1);
    main_.push(entry);
    entry->hits = hits;
  }
}

void CacheShard::drop(CacheEntry* entry) noexcept {
  CacheEntry** link = &slot_of(entry->hash).chain;
  while (*link != entry) link = &(*link)->chain;
  *link = entry->chain;
  budget_.give_back(entry->bytes);
  --size_;
  CacheEntry::destroy(entry);
}

}  // namespace cosimo
