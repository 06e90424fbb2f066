// One entry of the embedding cache: header, key and vector in one piece of memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace cosimo {

/// Readers use entries without a lock: once a link points to an entry, readers see only `next` and `hits`
/// change, which are atomic. Only the writer uses `in_main` and `live`, under its mutex.
struct alignas(8) CacheEntry {
  static constexpr std::uint8_t kMaxHits = 3;

  std::atomic<CacheEntry*> next{nullptr};  // in the chain of its slot
  const std::uint64_t hash;
  const std::uint64_t written_ms;
  const std::uint32_t key_length;
  const std::uint32_t words;          // of 8 bytes, header, key and vector together
  std::atomic<std::uint8_t> hits{0};  // since it entered its queue, at most kMaxHits
  bool in_main = false;               // in the main queue, not in the small one
  bool live = true;                   // false once another entry of its key replaced it

  /// Bytes that an entry takes, a multiple of 8.
  static constexpr std::size_t size_of(std::size_t key_length, std::size_t dimensions) noexcept {
    return (sizeof(CacheEntry) + padded(key_length) + dimensions * sizeof(float) + 7) / 8 * 8;
  }

  /// Copies key and vector into `memory`, which has size_of() bytes.
  static CacheEntry* create(void* memory, std::string_view key, std::uint64_t hash,
                            std::span<const float> vector, std::uint64_t written_ms) noexcept {
    return new (memory) CacheEntry(key, hash, vector, written_ms);
  }

  /// The entry that create() made in this memory.
  static CacheEntry* at(std::byte* memory) noexcept {
    return std::launder(reinterpret_cast<CacheEntry*>(memory));
  }

  std::size_t size() const noexcept { return std::size_t{words} * 8; }

  /// The key lies right behind the header: a look-up compares both.
  std::string_view key() const noexcept { return {reinterpret_cast<const char*>(this + 1), key_length}; }
  std::span<const float> vector(std::size_t dimensions) const noexcept {
    const auto* bytes = reinterpret_cast<const std::byte*>(this + 1) + padded(key_length);
    return {reinterpret_cast<const float*>(bytes), dimensions};
  }

  /// Notes a hit. Any reader; simultaneous hits may count as one.
  void touch() noexcept {
    const std::uint8_t so_far = hits.load(std::memory_order_relaxed);
    if (so_far < kMaxHits) hits.store(so_far + 1, std::memory_order_relaxed);
  }

 private:
  CacheEntry(std::string_view key, std::uint64_t key_hash, std::span<const float> vector,
             std::uint64_t now_ms) noexcept
      : hash(key_hash),
        written_ms(now_ms),
        key_length(static_cast<std::uint32_t>(key.size())),
        words(static_cast<std::uint32_t>(size_of(key.size(), vector.size()) / 8)) {
    auto* behind = reinterpret_cast<std::byte*>(this + 1);
    if (!key.empty()) std::memcpy(behind, key.data(), key.size());
    std::memcpy(behind + padded(key.size()), vector.data(), vector.size_bytes());
  }

  static constexpr std::size_t padded(std::size_t key_length) noexcept {
    return (key_length + sizeof(float) - 1) / sizeof(float) * sizeof(float);
  }
};

}  // namespace cosimo
