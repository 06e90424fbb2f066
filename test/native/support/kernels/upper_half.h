// The numbers of rotated rows: float32 whose lower half is zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cosimo::test {

/// `value` without its lower half.
inline float truncated(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  bits &= 0xffff0000U;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Writes the upper half of `value`.
inline void write_upper_half(float value, std::uint8_t* at) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const auto half = static_cast<std::uint16_t>(bits >> 16);
  std::memcpy(at, &half, sizeof half);
}

}  // namespace cosimo::test
