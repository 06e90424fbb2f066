// Rows and queries of many kinds, chosen to expose faults of bounds, kernels or the order of hits.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "support/index/tight_rows.h"

namespace cosimo::test {

/// Makes rows of one kind, and queries that suit them.
class RowSource {
 public:
  using Values = std::vector<float>;

  struct Kind {
    const char* name;
    Values (RowSource::*row)();
  };
  static std::span<const Kind> kinds();

  RowSource(const Kind& kind, std::size_t dimensions, std::mt19937_64& random_bits)
      : kind_(kind), dimensions_(dimensions), random_bits_(random_bits) {
    for (Values& center : centers_) center = gaussian();
    whole_ = whole_numbers(dimensions_, random_bits_);
    pairs_ = opposed_pairs(dimensions_, random_bits_);
    opposite_ = gaussian();
  }

  Values row() { return (this->*kind_.row)(); }

  /// The query that this kind of rows is made for.
  Values own_query() {
    if (kind_.row == &RowSource::tight) return whole_;
    if (kind_.row == &RowSource::tight_upper) return pairs_;
    if (kind_.row == &RowSource::opposite) return opposite_;
    if (kind_.row == &RowSource::cancelling) {
      Values values(dimensions_, 1.0F);
      for (std::size_t i = 1; i < dimensions_; i += 2) values[i] = -1.0F;
      return values;
    }
    return row();
  }

  /// `present` is a row of the index, for queries near to it.
  Values query(std::span<const float> present) {
    if (below(2) == 0) return own_query();
    const Values near(present.begin(), present.end());
    switch (below(9)) {
      case 0:
        return near;
      case 1:
        return scaled(near, -1.0F);
      case 2:
        return scaled(near, std::ldexp(1.0F, static_cast<int>(below(21)) - 10));
      case 3:
        return Values(dimensions_, 0.0F);
      case 4:
        return last_bits_of(near);
      case 5:
        return any_bits();
      case 6:
        return magnitudes();
      case 7:
        return codable_edges();
      case 8:
        return gaussian();
      default:
        return own_query();
    }
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_bits_() % end; }
  float normal() { return normal_(random_bits_); }
  /// From −1 to 1.
  float even() { return static_cast<float>(static_cast<double>(random_bits_() >> 11) * 0x1p-52 - 1.0); }

  template <typename Value>
  Values filled(Value&& value) {
    Values values(dimensions_);
    for (float& each : values) each = value();
    return values;
  }

  static Values scaled(Values values, float factor) {
    for (float& value : values) {
      value *= factor;
      if (!std::isfinite(value)) value = std::numeric_limits<float>::max();
    }
    return values;
  }

  Values unit(Values values) {
    double squares = 0;
    for (const float value : values) squares += static_cast<double>(value) * value;
    return squares > 0 ? scaled(std::move(values), static_cast<float>(1 / std::sqrt(squares))) : values;
  }

  Values gaussian() {
    return filled([this] { return normal(); });
  }
  Values units() { return unit(gaussian()); }

  Values clustered() {
    Values values = centers_[below(std::size(centers_))];
    const float spread = std::ldexp(1.0F, -static_cast<int>(below(12)));
    for (float& value : values) value += spread * normal();
    return unit(std::move(values));
  }

  // Multiples of 1/4: sums are exact, and many are equal.
  Values ties() {
    return filled([this] { return static_cast<float>(static_cast<int>(below(5)) - 2) / 4; });
  }

  Values duplicates() { return centers_[below(std::size(centers_))]; }

  Values zeros() { return below(3) == 0 ? ties() : Values(dimensions_, 0.0F); }

  Values denormals() {
    return filled([this] {
      const auto steps = static_cast<float>(static_cast<int>(below(2 * 8388607)) - 8388607);
      return steps * std::numeric_limits<float>::denorm_min();
    });
  }

  Values last_bits_of(Values values) {
    for (std::uint64_t changes = 1 + below(3); changes > 0; --changes) {
      float& value = values[below(dimensions_)];
      const float towards =
          below(2) == 0 ? -std::numeric_limits<float>::max() : std::numeric_limits<float>::max();
      value = std::nextafter(value, towards);
    }
    return values;
  }
  Values last_bits() { return last_bits_of(centers_[0]); }

  // Each row has another magnitude; in some rows each value has another one.
  Values magnitudes() {
    const auto power = [this] { return std::pow(10.0F, 30.0F * even()); };
    const float common = power();
    if (below(4) == 0) return filled([&] { return normal() * power(); });
    return filled([&] { return normal() * common; });
  }

  Values extremes() {
    using Limits = std::numeric_limits<float>;
    const float choices[] = {
        0.0F, -0.0F, 1.0F, Limits::max(), -Limits::max(), Limits::min(), Limits::denorm_min()};
    return filled([&] { return choices[below(std::size(choices))]; });
  }

  // The largest magnitude lies just inside or just outside of the range that can be coded.
  Values codable_edges() {
    const float edge = below(2) == 0 ? 0x1p-40F : 0x1p40F;
    Values values = filled([&] { return even() * edge; });
    const float largest[] = {edge, std::nextafter(edge, 0.0F), std::nextafter(edge, 2 * edge)};
    values[below(dimensions_)] = largest[below(std::size(largest))];
    return values;
  }

  Values sparse() {
    Values values(dimensions_, 0.0F);
    for (std::uint64_t count = 1 + below(3); count > 0; --count) values[below(dimensions_)] = normal();
    return values;
  }

  Values any_bits() {
    return filled([this] {
      const auto bits = static_cast<std::uint32_t>(random_bits_());
      const auto value = std::bit_cast<float>(bits);
      return std::isfinite(value) ? value : 1.0F;
    });
  }

  // Every score for its own query is negative.
  Values opposite() {
    Values values = opposite_;
    for (float& value : values) value *= -1.0F + 0.25F * even();
    return values;
  }

  // Large values whose products nearly cancel, so that a score is little more than rounding.
  Values cancelling() {
    Values values = opposite_;
    for (std::size_t i = 0; i + 1 < dimensions_; i += 2) {
      values[i] = centers_[0][i];
      values[i + 1] = values[i] * (1.0F + 0x1p-22F * even());
    }
    return values;
  }

  Values tight() { return tight_row(whole_, random_bits_); }
  Values tight_upper() { return tight_upper_row(pairs_, random_bits_); }

  const Kind& kind_;
  const std::size_t dimensions_;
  std::mt19937_64& random_bits_;
  std::normal_distribution<float> normal_;
  Values centers_[7];
  Values whole_;
  Values pairs_;
  Values opposite_;
};

inline std::span<const RowSource::Kind> RowSource::kinds() {
  static constexpr Kind kKinds[] = {{"gaussian", &RowSource::gaussian},
                                    {"units", &RowSource::units},
                                    {"clustered", &RowSource::clustered},
                                    {"ties", &RowSource::ties},
                                    {"duplicates", &RowSource::duplicates},
                                    {"zeros", &RowSource::zeros},
                                    {"denormals", &RowSource::denormals},
                                    {"last bits", &RowSource::last_bits},
                                    {"magnitudes", &RowSource::magnitudes},
                                    {"extremes", &RowSource::extremes},
                                    {"codable edges", &RowSource::codable_edges},
                                    {"sparse", &RowSource::sparse},
                                    {"any bits", &RowSource::any_bits},
                                    {"opposite", &RowSource::opposite},
                                    {"cancelling", &RowSource::cancelling},
                                    {"tight", &RowSource::tight},
                                    {"tight by the upper plane", &RowSource::tight_upper}};
  return kKinds;
}

}  // namespace cosimo::test
