// The codes of a query, or of a part of a rotated one.
#pragma once

#include <cstdint>
#include <span>

namespace cosimo {

struct QueryCodes {
  std::int32_t code_sum;  // Σ codes
  float scale;            // a decoded value is this times its code
  double norm;            // ≥ ‖values‖
  double error;           // ≥ ‖values − decoded values‖
};

/// Writes one code for each value, from −127 to 127. Values whose largest magnitude lies outside kMinCodable
/// … kMaxCodable get the norm infinity and codes of 0, unless they are all 0.
QueryCodes quantize_query(std::span<const float> values, std::int8_t* codes) noexcept;

}  // namespace cosimo
