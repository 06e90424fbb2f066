#include "core/encoder/pass/pooling.h"

#include <algorithm>
#include <cmath>

namespace cosimo {
namespace {

constexpr double kMinNorm = 1e-12;

const float* row_of(const TokenRows& rows, std::size_t token) noexcept {
  return reinterpret_cast<const float*>(reinterpret_cast<const std::byte*>(rows.first) + token * rows.stride);
}

}  // namespace

void pool_tokens(const TokenRows& rows, Pooling pooling, bool normalize, std::span<float> vector) noexcept {
  std::copy_n(rows.first, vector.size(), vector.begin());
  const std::size_t count = pooling == Pooling::cls ? 1 : rows.count;
  for (std::size_t token = 1; token < count; ++token) {
    const float* row = row_of(rows, token);
    if (pooling == Pooling::mean) {
      for (std::size_t i = 0; i < vector.size(); ++i) vector[i] += row[i];
    } else {
      for (std::size_t i = 0; i < vector.size(); ++i) vector[i] = std::max(vector[i], row[i]);
    }
  }
  double factor = pooling == Pooling::mean ? 1.0 / static_cast<double>(count) : 1.0;
  if (normalize) {
    double squares = 0;
    for (const float value : vector) squares += static_cast<double>(value) * value;
    factor /= std::max(std::sqrt(squares) * factor, kMinNorm);
  }
  for (float& value : vector) value = static_cast<float>(value * factor);
}

}  // namespace cosimo
