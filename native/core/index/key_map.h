// Row key → slot: open addressing with linear probing. Written for three properties that std::unordered_map
// lacks: its bytes are known and few, after reserve() no insertion can fail, and no insertion moves more than
// a small part of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cosimo {

using Slot = std::uint32_t;

/// Tells the key of a slot in use: the map itself keeps a part of a key's hash and no key.
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

  /// Adds a key that is not there; room was reserved. The slot has the key already.
  void insert(std::uint64_t key, Slot slot) noexcept;

  /// Gives a key that is there another slot.
  void assign(std::uint64_t key, Slot slot) noexcept;

  /// Removes a key and returns its slot, which still has it; nothing when it is not there.
  std::optional<Slot> erase(std::uint64_t key) noexcept;

  /// Gives back room that erased keys have left, of one part of the map; false when there is none worth it.
  /// Throws std::bad_alloc; the map then holds what it held. What was reserved is no longer.
  bool shrink_some();

 private:
  static constexpr Slot kFree = ~Slot{0};
  static constexpr std::size_t kShards = 256;

  struct Entry {
    std::uint32_t tag = 0;  // the half of the hash that chose the place
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
