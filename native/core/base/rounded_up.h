// Double → float32, never downwards.
#pragma once

#include <cmath>
#include <limits>

namespace cosimo {

/// A float32 number above `value`.
inline float rounded_up(double value) noexcept {
  return std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity());
}

}  // namespace cosimo
