// float32 → the shortest decimal text that reads back as the same float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/decimals/decimals_kernel.h"

namespace cosimo {

/// Bytes of the longest text, such as -1.17549435e-38.
inline constexpr std::size_t kLongestFloatText = 15;

/// How many bytes write_float may overwrite: more than any text takes.
inline constexpr std::size_t kFloatTextRoom = 24;

/// Writes a finite float as a JSON number (0.0123, -1e-08, 3, -0); returns its end. The text is the shortest
/// that reads back as the same float, whether read as float32 directly or as double first, as JavaScript
/// does. Among texts of the same length it is the closest to the value.
char* write_float(char* to, float value) noexcept;

/// Writes each value as write_float does, with a comma behind each; returns the end.
char* write_floats(char* to, std::span<const float> values, const DecimalsKernel& kernel) noexcept;

/// digits × 10^exponent; digits is below 10^9 and, unless 0, not divisible by 10.
struct ShortestDecimal {
  std::uint32_t digits;
  std::int32_t exponent;
};

/// The shortest decimal that reads back as a finite float's magnitude, when read as float32 directly.
ShortestDecimal shortest_decimal(float value) noexcept;

}  // namespace cosimo
