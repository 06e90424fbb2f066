// Dense layers of every encoder kernel: packing, integers that have one right answer, real numbers against
// double precision, and that an element's bits depend on its row alone.
#include <algorithm>

#include "support/check.h"
#include "support/encoder_values.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kMostRows = 40;  // several tiles of every height, and every tail

struct Sizes {
  std::size_t inputs;
  std::size_t outputs;
};
constexpr Sizes kSizes[] = {{64, 64}, {64, 384}, {128, 128}, {384, 1536}, {1536, 384}, {1536, 64}};
constexpr std::size_t kBriefWeights = 100'000;

// An input of one picks each weight, code by code where there are codes.
void test_packing(const EncoderKernel& kernel, Sizes sizes) {
  const std::vector<float> weights = random_normals(sizes.outputs * sizes.inputs);
  const TestDense dense(kernel, weights, std::vector<float>(sizes.outputs));
  TestRows in(kernel, sizes.inputs, sizes.inputs);
  in.fill([](std::size_t r, std::size_t i) { return r == i ? 1.0F : 0.0F; });
  for (std::size_t r = 0; has_codes(kernel) && r < sizes.inputs; ++r) {
    for (std::size_t i = 0; i < sizes.inputs; ++i) in.codes(r)[i] = r == i ? 1 : 0;
    in.scale(r) = 1;
    in.zero(r) = 0;
  }
  const FloatRows out(sizes.inputs, sizes.outputs);
  for (std::size_t r = 0; r < sizes.inputs; ++r) std::fill_n(out.row(r), sizes.outputs, 0.0F);
  dense.multiply(in, {AfterProduct::add, out.memory.data(), out.stride});
  std::size_t wrong = 0;
  for (std::size_t output = 0; output < sizes.outputs; ++output) {
    float largest = 0;
    double codes = 0;
    for (std::size_t input = 0; input < sizes.inputs; ++input) {
      const float weight = weights[output * sizes.inputs + input];
      const float found = out.row(input)[output];
      largest = std::max(largest, std::fabs(weight));
      if (has_codes(kernel)) {
        const double code = std::round(static_cast<double>(found) / dense.scale(output));
        codes += code;
        wrong += std::fabs(code) > 127 || found != static_cast<float>(code) * dense.scale(output) ||
                 std::fabs(found - weight) > 0.50001F * dense.scale(output);
      } else {
        wrong += found != static_cast<float>(dense.weight(output, input));
        wrong += kernel.precision == EncoderPrecision::fp32 && !is_split(kernel) && found != weight;
      }
    }
    if (!has_codes(kernel)) continue;
    wrong += std::fabs(dense.scale(output) * 127 - largest) > largest * 0x1p-22F;
    wrong += std::fabs(dense.sum(output) - codes * dense.scale(output)) >
             kFloatRoundoff * std::fabs(codes * dense.scale(output));
  }
  CHECK(wrong == 0);
}

// Integers so small that every sum is exact in float, or, of codes, in int32, where the greatest there can be
// are among them. So the answer is one number, whatever the order of additions.
void test_integers(const EncoderKernel& kernel, Sizes sizes) {
  constexpr int kMost = 8;
  std::vector<float> weights(sizes.outputs * sizes.inputs);
  for (std::size_t at = 0; at < weights.size(); ++at) {
    const std::size_t output = at / sizes.inputs;
    const bool is_extreme = output < 2 || at % sizes.inputs == 0;
    const int most = has_codes(kernel) ? 127 : kMost;
    const int extreme = output == 1 ? -most : most;
    weights[at] = static_cast<float>(is_extreme ? extreme : random_integer(-most, most));
  }
  std::vector<float> bias(sizes.outputs);
  for (float& value : bias) value = static_cast<float>(random_integer(-100, 100));
  const TestDense dense(kernel, weights, bias);
  TestRows in(kernel, 7, sizes.inputs);
  in.fill([](std::size_t, std::size_t) { return static_cast<float>(random_integer(-kMost, kMost)); });
  for (std::size_t r = 0; has_codes(kernel) && r < in.rows(); ++r) {
    for (std::size_t i = 0; i < sizes.inputs; ++i) {
      in.codes(r)[i] = static_cast<std::uint8_t>(r == 0 ? 255 : random_integer(0, 255));
    }
    in.scale(r) = 0.125F;
    in.zero(r) = -5;
  }
  const FloatRows added(in.rows(), sizes.outputs);
  for (std::size_t r = 0; r < in.rows(); ++r) std::fill_n(added.row(r), sizes.outputs, 3.0F);
  const TestRows stored(kernel, in.rows(), sizes.outputs);
  dense.multiply(in, {AfterProduct::add, added.memory.data(), added.stride});
  dense.multiply(in, {AfterProduct::store, stored.view().values, stored.view().stride});
  std::size_t wrong = 0;
  for (std::size_t r = 0; r < in.rows(); ++r) {
    for (std::size_t output = 0; output < sizes.outputs; ++output) {
      double offset = bias[output];
      double sum = 0;
      for (std::size_t i = 0; i < sizes.inputs; ++i) {
        const double weight = dense.weight(output, i);
        sum += weight * (has_codes(kernel) ? in.codes(r)[i] : in.value(r, i));
        if (has_codes(kernel)) offset += weight * in.zero(r);
      }
      if (has_codes(kernel)) sum = static_cast<double>(static_cast<float>(sum)) * in.scale(r);
      const auto exact = static_cast<float>(sum + offset);
      wrong += stored.value(r, output) != rounded(kernel, exact) || added.row(r)[output] != 3 + exact;
    }
  }
  CHECK(wrong == 0);
}

double exact_gelu(double x) { return 0.5 * x * std::erfc(-x * std::sqrt(0.5)); }

struct Expected {
  double product;
  double error;  // at most, before it is stored
};

constexpr double kLeftOut = 0x1p-16;  // a lesser half is at most 2⁻⁸ of its float

// Each of n additions of floats is wrong by a roundoff of what the terms add up to, at most; integers are not
// wrong, and what is done with them rounds six times.
Expected expected_product(const EncoderKernel& kernel, const TestRows& in, const TestDense& dense,
                          std::size_t r, std::size_t output) {
  double sum = dense.bias(output);
  double size = std::fabs(sum);
  const auto inputs = static_cast<double>(dense.inputs());
  for (std::size_t i = 0; i < dense.inputs(); ++i) {
    const double term = in.read(r, i) * dense.weight(output, i);
    sum += term;
    size += std::fabs(term);
  }
  // What two lesser halves would have added, and the roundings of two more products.
  const double rounding = (inputs + 1) * (kFloatRoundoff * size + kLeastNormal);
  if (is_split(kernel)) return {sum, kLeftOut * size + 3 * rounding};
  if (!has_codes(kernel)) return {sum, rounding};
  const double from_zero = in.zero(r) * static_cast<double>(dense.sum(output));
  size = std::fabs(sum) + 2 * std::fabs(from_zero) + 2 * std::fabs(dense.bias(output));
  return {sum, 6 * (kFloatRoundoff * size + kLeastNormal)};
}

// gelu's slope is at most 1.13; its own error is what functions.inc says.
double gelu_error(const EncoderKernel& kernel, double error) {
  return 1.13 * error + (has_bf16(kernel) ? 8.95e-5 : 1.05e-6);
}

bool is_near(double found, double expected, double error, double roundoff) {
  return std::fabs(found - expected) <= error + roundoff * (std::fabs(expected) + error) + kLeastNormal;
}

template <typename Value>
void test_real_numbers(const EncoderKernel& kernel, Sizes sizes, std::size_t rows,
                       const Value& random_value) {
  const TestDense dense(kernel, random_weights(kernel, sizes.outputs, sizes.inputs),
                        random_normals(sizes.outputs));
  const TestRows in(kernel, rows, sizes.inputs);
  in.fill([&](std::size_t, std::size_t) { return random_value(); });
  const TestRows before = in;
  const TestRows stored(kernel, rows, sizes.outputs);
  const TestRows activated(kernel, rows, sizes.outputs);
  const FloatRows added(rows, sizes.outputs);
  for (std::size_t r = 0; r < rows; ++r) std::generate_n(added.row(r), sizes.outputs, random_normal);
  const FloatRows base = added;
  dense.multiply(in, {AfterProduct::store, stored.view().values, stored.view().stride});
  dense.multiply(in, {AfterProduct::gelu, activated.view().values, activated.view().stride});
  dense.multiply(in, {AfterProduct::add, added.memory.data(), added.stride});
  std::size_t wrong_store = 0;
  std::size_t wrong_gelu = 0;
  std::size_t wrong_add = 0;
  const double roundoff = stored_roundoff(kernel);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t output = 0; output < sizes.outputs; ++output) {
      const auto [product, error] = expected_product(kernel, in, dense, r, output);
      wrong_store += !is_near(stored.value(r, output), product, error, roundoff);
      // Rounding to a float comes twice more: half a sum, and its product with x.
      wrong_gelu += !is_near(activated.value(r, output), exact_gelu(product), gelu_error(kernel, error),
                             roundoff + 4 * kFloatRoundoff);
      const double was = base.row(r)[output];
      wrong_add += !is_near(added.row(r)[output], was + product, error + kFloatRoundoff * std::fabs(product),
                            kFloatRoundoff);
    }
  }
  CHECK(wrong_store == 0);
  CHECK(wrong_gelu == 0);
  CHECK(wrong_add == 0);
  CHECK(in == before);
}

// Some rows by some panels, all other rows being no numbers: the same bits as of all rows by all panels, and
// nothing is written elsewhere.
void test_independence(const EncoderKernel& kernel, Sizes sizes) {
  const TestDense dense(kernel, random_weights(kernel, sizes.outputs, sizes.inputs),
                        random_normals(sizes.outputs));
  const TestRows in(kernel, kMostRows, sizes.inputs);
  in.fill([](std::size_t, std::size_t) { return random_normal(); });
  for (const AfterProduct after : {AfterProduct::store, AfterProduct::gelu, AfterProduct::add}) {
    const std::size_t element = after == AfterProduct::add ? sizeof(float) : kernel.activation_bytes;
    const std::size_t stride = stride_of(sizes.outputs * element);
    Bytes base((kMostRows + kSpareRows) * stride);
    if (after == AfterProduct::add) {
      std::generate_n(base.floats(), kMostRows * stride / sizeof(float), random_normal);
    }
    const Bytes all = base;
    dense.multiply(in, {after, all.data(), stride});
    std::size_t wrong = 0;
    for (std::size_t count = 1; count <= kMostRows; ++count) {
      const std::size_t first = random_below(kMostRows - count + 1);
      const std::size_t first_panel = random_below(dense.panels());
      const std::size_t panels = 1 + random_below(dense.panels() - first_panel);
      TestRows some = in;
      some.poison_others(first, count);
      const Bytes expected = base;
      const std::size_t panel_bytes = kernel.panel_outputs * element;
      for (std::size_t r = first; r < first + count; ++r) {
        const std::size_t at = r * stride + first_panel * panel_bytes;
        std::memcpy(expected.data() + at, all.data() + at, panels * panel_bytes);
      }
      const Bytes found = base;
      kernel.product(some.view(), dense.view(), first, count, first_panel, panels,
                     {after, found.data(), stride});
      wrong += !(found == expected);
    }
    CHECK(wrong == 0);
  }
}

void test_kernel(const EncoderKernel& kernel) {
  for (const Sizes sizes : kSizes) {
    if (is_brief() && sizes.inputs * sizes.outputs > kBriefWeights) continue;
    test_integers(kernel, sizes);
    test_independence(kernel, sizes);
    test_real_numbers(kernel, sizes, 3, random_normal);
  }
  test_packing(kernel, {64, 128});
  test_packing(kernel, {384, 64});
  test_real_numbers(kernel, {64, 64}, kMostRows, random_normal);
  test_real_numbers(kernel, {128, 64}, 13,
                    [] { return std::ldexp(random_normal(), random_integer(-20, 20)); });
  test_real_numbers(kernel, {128, 64}, 13, [] { return 1e-38F * random_normal(); });  // some are denormal
  test_real_numbers(kernel, {128, 64}, 13, [] { return kDenormal * static_cast<float>(random_below(1000)); });
  test_real_numbers(kernel, {64, 64}, 1, [] { return 0.0F; });
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  for_each_encoder_kernel(test_kernel);
  return finish();
}
