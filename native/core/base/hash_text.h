// The hash of texts that are keys of a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cosimo {

/// A 64-bit hash, keyed at random in every process: nobody outside can choose texts that collide.
std::uint64_t hash_text(std::string_view text) noexcept;

/// Maps a hash to a number below `count`, which is below 2^32. Uses the lower half of the hash.
constexpr std::size_t slot_of_hash(std::uint64_t hash, std::size_t count) noexcept {
  return static_cast<std::size_t>((hash & 0xffffffffU) * count >> 32);
}

}  // namespace cosimo
