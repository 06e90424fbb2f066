// Random rows of many kinds, chosen to expose faults in making codes and in bounds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "core/base/aligned_array.h"
#include "core/index/chunk_layout.h"
#include "kernels/search/search_kernel.h"

namespace cosimo::test {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kMax = std::numeric_limits<float>::max();
inline constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

/// The main function seeds it.
inline std::mt19937_64 random_bits;

inline std::size_t random_below(std::size_t end) { return random_bits() % end; }
inline float random_normal() { return std::normal_distribution<float>()(random_bits); }

enum class RowKind {
  normal,
  zeros,
  negative_zeros,
  ones,
  one_hot,
  denormals,
  barely_codable,
  too_small,
  most_codable,
  too_large,
  largest,
  mixed_magnitudes,
  random_finite,
  count
};

inline float random_finite() {
  for (;;) {
    const auto bits = static_cast<std::uint32_t>(random_bits());
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) return value;
  }
}

inline float random_sign(float value) { return random_below(2) == 0 ? value : -value; }

inline float random_value(RowKind kind) {
  switch (kind) {
    case RowKind::zeros:
      return 0.0F;
    case RowKind::negative_zeros:
      return -0.0F;
    case RowKind::ones:
      return random_sign(1.0F);
    case RowKind::one_hot:
      return random_sign(1e-6F);
    case RowKind::denormals:
      return kDenormal * static_cast<float>(random_below(8388607));
    case RowKind::barely_codable:
      return kMinCodable * std::tanh(random_normal());
    case RowKind::too_small:
      return 0.9F * kMinCodable * std::tanh(random_normal());
    case RowKind::most_codable:
      return kMaxCodable * std::tanh(random_normal());
    case RowKind::too_large:
      return 2 * kMaxCodable * random_normal();
    case RowKind::largest:
      return random_sign(kMax);
    case RowKind::mixed_magnitudes:
      return std::ldexp(random_normal(), static_cast<int>(random_below(30)) - 15);
    case RowKind::random_finite:
      return random_finite();
    default:
      return random_normal();
  }
}

// Kinds that are about a limit have one value exactly at it, or one float beyond.
inline float marked_value(RowKind kind, float value) {
  switch (kind) {
    case RowKind::one_hot:
      return 1.0F;
    case RowKind::barely_codable:
      return -kMinCodable;
    case RowKind::too_small:
      return std::nextafter(kMinCodable, 0.0F);
    case RowKind::most_codable:
      return kMaxCodable;
    case RowKind::too_large:
      return -std::nextafter(kMaxCodable, kInfinity);
    default:
      return value;
  }
}

inline std::vector<float> random_row(RowKind kind, std::size_t dimensions) {
  std::vector<float> row(dimensions);
  for (float& value : row) value = random_value(kind);
  float& marked = row[random_below(dimensions)];
  marked = marked_value(kind, marked);
  return row;
}

inline std::vector<float> near_to(std::span<const float> row, float distance) {
  std::vector<float> other(row.begin(), row.end());
  for (float& value : other) value += distance * random_normal();
  return other;
}

inline RowKind random_kind() {
  return static_cast<RowKind>(random_below(static_cast<std::size_t>(RowKind::count)));
}

/// Rows as an index keeps them: whole blocks, zero-padded.
struct Rows {
  Rows(std::size_t row_dimensions, std::size_t row_count)
      : dimensions(row_dimensions),
        stride(padded_stride(dimensions)),
        floats(make_aligned_array<float>(stride * row_count)) {
    std::fill_n(floats.get(), stride * row_count, 0.0F);
  }

  std::span<float> row(std::size_t at) { return {floats.get() + at * stride, dimensions}; }
  void set(std::size_t at, const std::vector<float>& values) {
    std::copy(values.begin(), values.end(), row(at).begin());
  }

  std::size_t dimensions;
  std::size_t stride;
  AlignedArray<float> floats;
};

}  // namespace cosimo::test
