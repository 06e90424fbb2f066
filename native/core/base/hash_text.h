// The hash of a text that is a key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cosimo {

/// 64 bits, all of them mixed, keyed anew in every process: nobody outside can choose texts that collide.
std::uint64_t hash_text(std::string_view text) noexcept;

/// A number below `count` for a hash, by its lower half: any count below 2^32 does.
constexpr std::size_t slot_of_hash(std::uint64_t hash, std::size_t count) noexcept {
  return static_cast<std::size_t>((hash & 0xffffffffU) * count >> 32);
}

}  // namespace cosimo
