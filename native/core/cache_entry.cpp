#include "core/cache_entry.h"

#include <cstring>
#include <new>

namespace cosimo {
namespace {

std::size_t allocation_size(std::size_t key_length, std::size_t dimensions) noexcept {
  return sizeof(CacheEntry) + dimensions * sizeof(float) + key_length;
}

}  // namespace

std::size_t CacheEntry::cost(std::size_t key_length, std::size_t dimensions) noexcept {
  return (allocation_size(key_length, dimensions) + 15) / 16 * 16 + 16;
}

CacheEntry* CacheEntry::create(std::string_view key, std::uint64_t hash, std::span<const float> vector) {
  void* memory = ::operator new(allocation_size(key.size(), vector.size()));
  auto* entry = new (memory) CacheEntry{};
  entry->hash = hash;
  entry->bytes = cost(key.size(), vector.size());
  entry->key_length = static_cast<std::uint32_t>(key.size());
  std::memcpy(entry->vector(), vector.data(), vector.size_bytes());
  if (!key.empty()) std::memcpy(entry->vector() + vector.size(), key.data(), key.size());
  return entry;
}

void CacheEntry::destroy(CacheEntry* entry) noexcept { ::operator delete(entry); }

void EntryQueue::push(CacheEntry* entry) noexcept {
  entry->queue = this;
  entry->newer = nullptr;
  entry->hits = 0;
  (newest_ != nullptr ? newest_->newer : oldest_) = entry;
  newest_ = entry;
  bytes_ += entry->bytes;
}

CacheEntry* EntryQueue::pop() noexcept {
  CacheEntry* entry = oldest_;
  oldest_ = entry->newer;
  if (oldest_ == nullptr) newest_ = nullptr;
  bytes_ -= entry->bytes;
  return entry;
}

}  // namespace cosimo
