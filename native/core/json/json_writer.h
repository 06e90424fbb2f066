// JSON text of float32 vectors, written into the caller's buffer.
#pragma once

#include <cstddef>
#include <span>

#include "core/json/float_text.h"
#include "kernels/decimals/decimals_kernel.h"

namespace cosimo {

/// Bytes that write_vector_json may overwrite.
constexpr std::size_t vector_json_room(std::size_t dimensions) noexcept {
  return dimensions * (kLongestFloatText + 1) + kFloatTextRoom + 2;
}

/// Writes finite values as `[0.1,-2e-08]`, each number as write_float does; returns the end.
char* write_vector_json(char* to, std::span<const float> vector, const DecimalsKernel& kernel) noexcept;

}  // namespace cosimo
