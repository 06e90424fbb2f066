// Row key → slot: open addressing with linear probing. It has three things that std::unordered_map lacks: its
// bytes are few and known, no insertion can fail after reserve(), and no insertion moves more than a small
// part of the map.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cosimo {

/// A place for a row: the chunk's number times kRowsPerChunk, plus the row's number in the chunk.
using Slot = std::uint32_t;

/// Tells the key of a slot in use. The map keeps only a part of each key's hash and asks here for the key
/// itself.
class SlotKeys {
 public:
  virtual std::uint64_t key_of(Slot slot) const noexcept = 0;

 protected:
  ~SlotKeys() = default;
};

/// One thread at a time.
class KeyMap {
 public:
  /// `keys` outlives the map.
  explicit KeyMap(const SlotKeys& keys) noexcept : keys_(keys) {}

  std::size_t size() const noexcept { return size_; }
  std::size_t memory_bytes() const noexcept { return capacity_ * sizeof(Entry); }

  std::optional<Slot> find(std::uint64_t key) const noexcept;

  /// Makes room for these further keys. Throws std::bad_alloc; the map then holds what it held.
  void reserve(std::span<const std::uint64_t> keys);

  /// Adds a key that is not in the map; room was reserved. SlotKeys knows the key of the slot already.
  void insert(std::uint64_t key, Slot slot) noexcept;

  /// Gives a key of the map another slot.
  void assign(std::uint64_t key, Slot slot) noexcept;

  /// Removes a key and returns its slot; nothing when it is not in the map. SlotKeys still knows the slot's
  /// key.
  std::optional<Slot> erase(std::uint64_t key) noexcept;

  /// Frees room that erased keys have left in one part of the map, reserved room included. False when no part
  /// has enough of it. Throws std::bad_alloc; the map then holds what it held.
  bool shrink_some();

 private:
  static constexpr Slot kFree = ~Slot{0};
  static constexpr std::size_t kShards = 256;

  struct Entry {
    std::uint32_t tag = 0;  // the half of the hash that chooses the place
    Slot slot = kFree;
  };

  struct Shard {
    std::vector<Entry> entries;  // at most three quarters full
    std::size_t size = 0;
  };

  static void insert_into(std::vector<Entry>& entries, Entry entry) noexcept;
  std::size_t position_of(const Shard& shard, std::uint32_t tag, std::uint64_t key) const noexcept;
  void grow(Shard& shard, std::size_t additional);
  void resize(Shard& shard, std::size_t places);

  const SlotKeys& keys_;
  std::array<Shard, kShards> shards_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace cosimo
