#include "core/search/prepared_query.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/finite.h"

namespace cosimo {
namespace {

// 32 units of float32 rounding, relative to the product of the norms. docs/exact-search.md counts what they
// cover.
constexpr double kSlack = 32 * 0x1p-24;

float rounded_up(double value) noexcept {
  return std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity());
}

}  // namespace

PreparedQuery::PreparedQuery(std::span<const float> query)
    : dimensions_(query.size()),
      values_(make_aligned_array<double>(padded_stride(query.size()))),
      codes_(make_aligned_array<std::int8_t>(code_stride(query.size()))) {
  require_finite(query);
  std::fill(std::copy(query.begin(), query.end(), values_.get()), values_.get() + stride(), 0.0);
  encode(query);
}

void PreparedQuery::encode(std::span<const float> query) noexcept {
  std::fill_n(codes_.get(), code_stride(dimensions_), std::int8_t{0});
  code_query_.codes = codes_.get();
  float largest = 0.0F;
  for (const float value : query) largest = std::max(largest, std::fabs(value));
  if (largest == 0.0F) return;  // every bound is 0, and so is every score
  if (largest < kMinCodable || largest > kMaxCodable) {
    code_query_.norm = std::numeric_limits<float>::infinity();  // every bound is infinite, or not a number
    return;
  }
  const float scale = largest / 127.0F;
  double squares = 0;
  double error_squares = 0;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const auto code = static_cast<std::int32_t>(std::lrintf(query[i] * (127.0F / largest)));
    const double error = static_cast<double>(query[i]) - static_cast<double>(scale) * code;
    codes_[i] = static_cast<std::int8_t>(code);
    code_query_.code_sum += code;
    squares += static_cast<double>(query[i]) * query[i];
    error_squares += error * error;
  }
  constexpr double kUp = 1 + 0x1p-30;  // covers the rounding of sums in double
  const double norm = std::sqrt(squares) * kUp;
  const double error = std::sqrt(error_squares) * kUp;
  code_query_.scale = scale;
  code_query_.norm = rounded_up(norm);
  code_query_.error = rounded_up(error + kSlack * (norm + error));
}

}  // namespace cosimo
