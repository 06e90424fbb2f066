// One entry of the embedding cache: header, key and vector in a single allocation; and the queues entries
// stand in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cosimo {

class EntryQueue;

struct CacheEntry {
  CacheEntry* chain;  // next in the same hash slot
  CacheEntry* newer;  // towards the head of its queue
  EntryQueue* queue;
  std::uint64_t hash;
  std::size_t bytes;  // what the entry costs, counted against the budget
  std::uint32_t key_length;
  std::uint8_t hits;  // since it last came into a queue, at most kMostHits

  static constexpr std::uint8_t kMostHits = 3;

  /// Cost of an entry, as an allocator takes it: rounded up to 16 bytes, and 16 for its own header.
  static std::size_t cost(std::size_t key_length, std::size_t dimensions) noexcept;

  /// A copy of key and vector. Throws std::bad_alloc.
  static CacheEntry* create(std::string_view key, std::uint64_t hash, std::span<const float> vector);
  static void destroy(CacheEntry* entry) noexcept;

  /// The vector lies first, for its alignment; the key behind it.
  float* vector() noexcept { return reinterpret_cast<float*>(this + 1); }
  std::string_view key(std::size_t dimensions) noexcept {
    return {reinterpret_cast<const char*>(vector() + dimensions), key_length};
  }
};

/// First in, first out; links lie in the entries.
class EntryQueue {
 public:
  bool empty() const noexcept { return oldest_ == nullptr; }
  std::size_t bytes() const noexcept { return bytes_; }

  void push(CacheEntry* entry) noexcept;
  /// The oldest entry; the queue isn't empty.
  CacheEntry* pop() noexcept;

 private:
  CacheEntry* oldest_ = nullptr;
  CacheEntry* newest_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace cosimo
