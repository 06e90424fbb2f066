#include "core/rotation/query_codes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/rotation/norms.h"

namespace cosimo {

QueryCodes quantize_query(std::span<const float> values, std::int8_t* codes) noexcept {
  std::fill_n(codes, values.size(), std::int8_t{0});
  QueryCodes made{};
  const float largest = largest_magnitude(values);
  if (largest == 0.0F) return made;
  if (!can_be_coded(largest)) {
    made.norm = std::numeric_limits<double>::infinity();
    return made;
  }
  made.scale = largest / 127.0F;
  double squares = 0;
  double error_squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto code = static_cast<std::int32_t>(std::lrintf(values[i] * (127.0F / largest)));
    const double error = static_cast<double>(values[i]) - static_cast<double>(made.scale) * code;
    codes[i] = static_cast<std::int8_t>(code);
    made.code_sum += code;
    squares += static_cast<double>(values[i]) * values[i];
    error_squares += error * error;
  }
  made.norm = std::sqrt(squares) * kNormUp;
  made.error = std::sqrt(error_squares) * kNormUp;
  return made;
}

}  // namespace cosimo
