// Row key → slot: open addressing with linear probing. Written for two properties that std::unordered_map
// lacks: its bytes are known, and after reserve() no insertion can fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cosimo {

using Slot = std::uint32_t;

/// One thread at a time. Keys are below 2^53, so that the largest 64-bit value can mark a free entry.
class KeyMap {
 public:
  std::size_t size() const noexcept { return size_; }
  std::size_t memory_bytes() const noexcept { return entries_.size() * sizeof(Entry); }

  std::optional<Slot> find(std::uint64_t key) const noexcept;

  /// Makes room for `additional` more keys. Throws std::bad_alloc and leaves the map as it was.
  void reserve(std::size_t additional);

  /// Adds a key that is not there; room was reserved.
  void insert(std::uint64_t key, Slot slot) noexcept;

  /// Removes a key and returns its slot; nothing when it is not there.
  std::optional<Slot> erase(std::uint64_t key) noexcept;

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};

  struct Entry {
    std::uint64_t key = kFree;
    Slot slot = 0;
  };

  std::size_t home_of(std::uint64_t key) const noexcept;
  std::size_t next(std::size_t at) const noexcept { return (at + 1) & (entries_.size() - 1); }
  std::size_t position_of(std::uint64_t key) const noexcept;

  std::vector<Entry> entries_;  // empty, or a power of two, at most half full
  std::size_t size_ = 0;
};

}  // namespace cosimo
