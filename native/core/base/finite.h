// NaN and infinity are refused on the way in, so that nothing behind this door has to think of them.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "core/base/error.h"

namespace cosimo {

/// True when no value is NaN or infinite.
inline bool all_finite(std::span<const float> values) noexcept {
  // In integers and without an early exit, so that the compiler can vectorize it: adding one to an exponent
  // of ones alone carries into the sign.
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t carried = 0;
  for (const float value : values) carried |= (std::bit_cast<std::uint32_t>(value) & kExponent) + 0x00800000U;
  return (carried & 0x80000000U) == 0;
}

/// Throws Error not_finite unless all_finite.
inline void require_finite(std::span<const float> values) {
  if (!all_finite(values)) throw Error(ErrorCode::not_finite, "A vector holds NaN or infinity");
}

}  // namespace cosimo
