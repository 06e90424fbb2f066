// JSON text of float32 vectors, written into a buffer of the caller's.
#pragma once

#include <cstddef>
#include <span>

#include "core/json/float_text.h"
#include "kernels/search/kernel.h"

namespace cosimo {

/// Bytes that write_vector_json may touch: "-1.17549435e-38" and a comma are the longest there is.
constexpr std::size_t vector_json_room(std::size_t dimensions) noexcept {
  return dimensions * (kLongestFloatText + 1) + kFloatTextRoom + 2;
}

/// `[0.1,-2e-08]`, each number as write_float has it; returns its end. The values are finite.
char* write_vector_json(char* to, std::span<const float> vector, const Kernel& kernel) noexcept;

}  // namespace cosimo
