#include "core/key_map.h"

#include <algorithm>
#include <bit>
#include <new>

namespace cosimo {

std::size_t KeyMap::home_of(std::uint64_t key) const noexcept {
  // Fibonacci hashing: neighbouring keys land far apart, the upper bits are the well mixed ones.
  const std::uint64_t mixed = key * 0x9e3779b97f4a7c15U;
  return static_cast<std::size_t>(mixed >> 32) & (entries_.size() - 1);
}

// The entry that holds the key, or the free one where it would go.
std::size_t KeyMap::position_of(std::uint64_t key) const noexcept {
  std::size_t at = home_of(key);
  while (entries_[at].key != key && entries_[at].key != kFree) at = next(at);
  return at;
}

std::optional<Slot> KeyMap::find(std::uint64_t key) const noexcept {
  if (entries_.empty()) return std::nullopt;
  const Entry& entry = entries_[position_of(key)];
  if (entry.key == kFree) return std::nullopt;
  return entry.slot;
}

void KeyMap::reserve(std::size_t additional) {
  constexpr std::size_t kSmallest = 16;
  constexpr std::size_t kLargest = std::size_t{1} << 33;  // twice the slots there can be
  if (additional > kLargest / 2 || size_ + additional > kLargest / 2) throw std::bad_alloc();
  const std::size_t wanted = std::max(kSmallest, std::bit_ceil((size_ + additional) * 2));
  if (wanted <= entries_.size()) return;
  KeyMap larger;
  larger.entries_.resize(wanted);
  for (const Entry& entry : entries_) {
    if (entry.key != kFree) larger.insert(entry.key, entry.slot);
  }
  *this = std::move(larger);
}

void KeyMap::insert(std::uint64_t key, Slot slot) noexcept {
  entries_[position_of(key)] = {key, slot};
  ++size_;
}

std::optional<Slot> KeyMap::erase(std::uint64_t key) noexcept {
  if (entries_.empty()) return std::nullopt;
  std::size_t hole = position_of(key);
  if (entries_[hole].key == kFree) return std::nullopt;
  const Slot slot = entries_[hole].slot;
  // Close the gap: an entry behind it moves up unless its home lies between the hole and itself.
  for (std::size_t at = next(hole); entries_[at].key != kFree; at = next(at)) {
    const std::size_t mask = entries_.size() - 1;
    const std::size_t from_home = (at - home_of(entries_[at].key)) & mask;
    const std::size_t from_hole = (at - hole) & mask;
    if (from_home < from_hole) continue;
    entries_[hole] = entries_[at];
    hole = at;
  }
  entries_[hole] = {};
  --size_;
  return slot;
}

}  // namespace cosimo
