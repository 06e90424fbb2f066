// LayerNorm and codes of every encoder kernel against double precision, on rows of every kind.
#include "support/encoder/encoder_rows.h"

#include <algorithm>
#include <functional>

#include "support/check.h"

namespace cosimo::test {
namespace {

using RowFunction = std::function<float(std::size_t)>;

struct Kind {
  const char* name;
  RowFunction value;
};

// Kinds of rows; a row has at least 64 values.
const Kind kKinds[] = {
    {"normal", [](std::size_t) { return random_normal(); }},
    {"shifted", [](std::size_t) { return 100 + random_normal(); }},
    {"zeros", [](std::size_t) { return 0.0F; }},
    {"ones", [](std::size_t) { return 1.0F; }},
    {"constant", [](std::size_t) { return -3.1415927F; }},
    {"two values", [](std::size_t i) { return i % 2 == 0 ? 1.0F : -1.0F; }},
    {"huge", [](std::size_t) { return 1e15F * random_normal(); }},
    {"tiny", [](std::size_t) { return 1e-15F * random_normal(); }},
    {"one outlier", [](std::size_t i) { return i == 17 ? 1e6F : random_normal(); }},
    {"one negative outlier", [](std::size_t i) { return i == 63 ? -1e6F : random_normal(); }},
    {"one first", [](std::size_t i) { return i == 0 ? 1.0F : 0.0F; }},
    {"denormals", [](std::size_t) { return kDenormal * static_cast<float>(random_below(8388607)); }},
    {"mixed", [](std::size_t) { return std::ldexp(random_normal(), random_integer(-20, 20)); }},
};

constexpr std::size_t kWidths[] = {64, 128, 384, 768, 1536};

struct Norm {
  Norm(std::size_t width, float given_epsilon)
      : weight(width * sizeof(float)), bias(width * sizeof(float)), epsilon(given_epsilon) {
    std::generate_n(weight.floats(), width, random_normal);
    std::generate_n(bias.floats(), width, random_normal);
  }

  NormWeights view() const { return {weight.floats(), bias.floats(), epsilon}; }

  Bytes weight;
  Bytes bias;
  float epsilon;
};

// LayerNorm in double precision, and how far a kernel's may be from it. A kernel sums in at least eight
// lanes, so at most n / 8 + 8 roundings follow one another, where n is the width. Call their sum r · u, where
// u is the roundoff of floats. The errors:
//   mean: m = r · u · the mean magnitude
//   variance: r · u of itself, and m²
//   1 / √variance: half of the variance's relative error
//   last steps: three roundings
class ExactNorm {
 public:
  ExactNorm(const float* row, std::size_t width, const Norm& norm) : row_(row), norm_(norm) {
    const auto n = static_cast<double>(width);
    double magnitude = 0;
    for (std::size_t i = 0; i < width; ++i) {
      mean_ += row[i] / n;
      magnitude += std::fabs(row[i]) / n;
    }
    double variance = 0;
    for (std::size_t i = 0; i < width; ++i) variance += (row[i] - mean_) * (row[i] - mean_) / n;
    deviation_ = std::sqrt(variance + norm.epsilon);
    const double roundings = n / 8 + 8;
    const double mean_error = roundings * (kFloatRoundoff * magnitude + kMinNormal);
    shift_error_ = mean_error / deviation_;
    share_error_ = roundings * kFloatRoundoff + shift_error_ * shift_error_ / 2;
  }

  double value(std::size_t i) const { return scaled(i) + norm_.bias.floats()[i]; }
  double error(std::size_t i) const {
    const double weight = std::fabs(norm_.weight.floats()[i]);
    const double size = std::fabs(scaled(i));
    return weight * shift_error_ + size * share_error_ +
           4 * kFloatRoundoff * (size + std::fabs(norm_.bias.floats()[i])) + 4 * kMinNormal;
  }

 private:
  double scaled(std::size_t i) const { return norm_.weight.floats()[i] * ((row_[i] - mean_) / deviation_); }

  const float* row_;
  const Norm& norm_;
  double mean_ = 0;
  double deviation_ = 0;
  double shift_error_ = 0;
  double share_error_ = 0;
};

// Codes from 0 to 255 reach both ends, and each is the nearest one. The error is at most half a step, plus a
// few roundoffs of the range and of its ends.
bool codes_are_right(const TestRows& rows, std::size_t r, const RowFunction& value) {
  double least = value(0);
  double greatest = least;
  for (std::size_t i = 0; i < rows.width(); ++i) {
    least = std::min(least, static_cast<double>(value(i)));
    greatest = std::max(greatest, static_cast<double>(value(i)));
  }
  const double scale = rows.scale(r);
  bool right = rows.zero(r) == static_cast<float>(least) && scale > 0;
  right = right && std::fabs(255 * scale - std::max(greatest - least, 1e-30)) <= 1e-6 * (255 * scale);
  const double rounding = 4 * kFloatRoundoff * (255 * scale) + 4 * kMinNormal;
  const bool has_range = greatest - least > 1e-30;
  for (std::size_t i = 0; i < rows.width(); ++i) {
    const std::uint8_t code = rows.codes(r)[i];
    right = right && std::fabs(rows.read(r, i) - value(i)) <= scale / 2 + rounding;
    if (value(i) == least) right = right && code == 0;
    if (has_range && value(i) == greatest) right = right && code == 255;
  }
  return right;
}

// high + low equals the float, up to low's rounding and flushed denormals.
bool split_is_right(const TestRows& rows, std::size_t r, const RowFunction& value) {
  bool right = true;
  for (std::size_t i = 0; i < rows.width(); ++i) {
    const double error = std::fabs(rows.read(r, i) - value(i));
    right = right && error <= kSplitRoundoff * std::fabs(value(i)) + 2 * kMinNormal;
    right =
        right && std::fabs(rows.half(r, i) - value(i)) <= kBf16Roundoff * std::fabs(value(i)) + kMinNormal;
  }
  return right;
}

bool row_codes_are_right(const EncoderKernel& kernel, const TestRows& rows, std::size_t r,
                         const RowFunction& value) {
  return is_split(kernel) ? split_is_right(rows, r, value) : codes_are_right(rows, r, value);
}

void test_norm(const EncoderKernel& kernel, const Kind& kind, std::size_t width, float epsilon) {
  constexpr std::size_t kRows = 5;
  const Norm norm(width, epsilon);
  const FloatRows rows(kRows, width);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t i = 0; i < width; ++i) rows.row(r)[i] = kind.value(i);
  }
  const FloatRows before = rows;
  const TestRows activations(kernel, kRows, width);
  ActivationRows to = activations.view();
  if (!has_bf16(kernel)) {  // floats are their own activations
    to.values = rows.memory.data();
    to.stride = rows.stride;
  }
  kernel.norm_rows(rows.row(1), rows.stride, kRows - 2, width, norm.view(),
                   {static_cast<std::byte*>(to.values) + to.stride, to.stride, activations.codes(1),
                    to.code_stride, &activations.scale(1), &activations.zero(1)});
  std::size_t wrong = 0;
  for (std::size_t r = 1; r < kRows - 1; ++r) {
    const ExactNorm exact(before.row(r), width, norm);
    for (std::size_t i = 0; i < width; ++i) {
      const float found = rows.row(r)[i];
      wrong += !(std::fabs(found - exact.value(i)) <= exact.error(i));
      wrong += has_bf16(kernel) && activations.value(r, i) != rounded_to_bf16(found);
    }
    if (kernel.quantize_rows == nullptr) continue;
    wrong += !row_codes_are_right(kernel, activations, r, [&](std::size_t i) { return rows.row(r)[i]; });
  }
  if (wrong > 0) std::printf("  %s, width %zu: %zu wrong\n", kind.name, width, wrong);
  CHECK(wrong == 0);
  for (const std::size_t r : {std::size_t{0}, kRows - 1}) {
    CHECK(std::memcmp(rows.row(r), before.row(r), rows.stride) == 0);
  }
  // Each row alone gives the same bits.
  FloatRows again = before;
  for (std::size_t r = 1; r < kRows - 1; ++r) {
    to.values = has_bf16(kernel) ? activations.row(r) : reinterpret_cast<std::byte*>(again.row(r));
    kernel.norm_rows(again.row(r), again.stride, 1, width, norm.view(),
                     {to.values, to.stride, activations.codes(r), to.code_stride, &activations.scale(r),
                      &activations.zero(r)});
  }
  CHECK(again.memory == rows.memory);
}

void test_codes(const EncoderKernel& kernel, const Kind& kind, std::size_t width) {
  constexpr std::size_t kRows = 5;
  const TestRows rows(kernel, kRows, width);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t i = 0; i < width; ++i) rows.set(r, i, kind.value(i));
  }
  TestRows some = rows;
  kernel.quantize_rows(rows.view(), 0, kRows, width);
  std::size_t wrong = 0;
  for (std::size_t r = 0; r < kRows; ++r) {
    wrong += !row_codes_are_right(kernel, rows, r, [&](std::size_t i) { return rows.value(r, i); });
  }
  if (wrong > 0) std::printf("  %s, width %zu: %zu wrong\n", kind.name, width, wrong);
  CHECK(wrong == 0);
  // Some rows give the same bits, and other rows are not written.
  some.poison_others(1, kRows - 2);
  kernel.quantize_rows(some.view(), 1, kRows - 2, width);
  TestRows expected = rows;
  expected.poison_others(1, kRows - 2);
  CHECK(some == expected);
}

void test_kernel(const EncoderKernel& kernel) {
  for (const Kind& kind : kKinds) {
    for (const std::size_t width : kWidths) {
      for (const float epsilon : {1e-12F, 1e-5F}) test_norm(kernel, kind, width, epsilon);
      if (kernel.quantize_rows != nullptr) test_codes(kernel, kind, width);
    }
  }
}

}  // namespace
}  // namespace cosimo::test

int main() { return cosimo::test::test_each_encoder_kernel(cosimo::test::test_kernel); }
