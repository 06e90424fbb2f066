// float32 → the shortest decimal text that reads back as the same float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/search/kernel.h"

namespace cosimo {

/// The longest text, such as -1.17549435e-38.
inline constexpr std::size_t kLongestFloatText = 15;

/// Bytes that write_float may touch from where it begins, more than any text takes.
inline constexpr std::size_t kFloatTextRoom = 24;

/// Writes a finite float as a JSON number (0.0123, -1e-08, 3, -0); returns its end. Of the shortest texts
/// that read back, to float32 at once or through double as JavaScript does, it takes the closest.
char* write_float(char* to, float value) noexcept;

/// Each of them as write_float has it, and a comma behind each; returns the end.
char* write_floats(char* to, std::span<const float> values, const Kernel& kernel) noexcept;

/// digits × 10^exponent, digits below 10^9 and not divisible by 10 unless 0.
struct ShortestDecimal {
  std::uint32_t digits;
  std::int32_t exponent;
};

/// Of a finite float's magnitude. Only for a reader that goes to float32 at once, see write_float.
ShortestDecimal shortest_decimal(float value) noexcept;

}  // namespace cosimo
