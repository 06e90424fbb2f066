// NaN and infinity are refused where vectors come in, so that no other code has to handle them.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "core/base/error.h"

namespace cosimo {

/// True when no value is NaN or infinite.
inline bool all_finite(std::span<const float> values) noexcept {
  // Integers and no early exit, so that the compiler vectorizes it. NaN and infinity are the floats whose
  // exponent is all ones; adding one to such an exponent carries into the sign bit.
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t carried = 0;
  for (const float value : values) carried |= (std::bit_cast<std::uint32_t>(value) & kExponent) + 0x00800000U;
  return (carried & 0x80000000U) == 0;
}

/// Throws Error not_finite unless all values are finite.
inline void require_finite(std::span<const float> values) {
  if (!all_finite(values)) throw Error(ErrorCode::not_finite, "A vector holds NaN or infinity");
}

}  // namespace cosimo
