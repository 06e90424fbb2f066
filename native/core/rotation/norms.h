// What is measured of rows and queries before they are coded.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "kernels/search/search_kernel.h"

namespace cosimo {

/// Covers the rounding of norms that are computed in double.
constexpr double kNormUp = 1 + 0x1p-30;

/// ≥ ‖values‖.
inline double norm_above(std::span<const float> values) noexcept {
  double squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::size_t i = 0; i < values.size(); ++i) squares += static_cast<double>(values[i]) * values[i];
  return std::sqrt(squares) * kNormUp;
}

inline float largest_magnitude(std::span<const float> values) noexcept {
  float largest = 0;
#pragma omp simd reduction(max : largest)
  for (std::size_t i = 0; i < values.size(); ++i) largest = std::max(largest, std::fabs(values[i]));
  return largest;
}

/// Whether values of this largest magnitude are coded.
constexpr bool can_be_coded(float largest) noexcept {
  return largest == 0 || (largest >= kMinCodable && largest <= kMaxCodable);
}

}  // namespace cosimo
