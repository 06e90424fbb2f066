// Dense layers of every encoder kernel: real numbers against double precision, and an element's bits depend
// on its row alone.
#include <algorithm>

#include "support/check.h"
#include "support/encoder/encoder_dense.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kMaxRows = 40;  // several tiles of every height, and every tail

struct Expected {
  double product;
  double error;  // at most, before it is stored
};

constexpr double kLeftOut = 0x1p-16;  // a low half is at most 2⁻⁸ of its float

// Each of n additions of floats is wrong by at most a roundoff of the sum of magnitudes. Sums of integers are
// exact; scaling them rounds six times.
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
  // The dropped products of low halves, and the roundings of two more products.
  const double rounding = (inputs + 1) * (kFloatRoundoff * size + kMinNormal);
  if (is_split(kernel)) return {sum, kLeftOut * size + 3 * rounding};
  if (!has_codes(kernel)) return {sum, rounding};
  const double from_zero = in.zero(r) * static_cast<double>(dense.sum(output));
  size = std::fabs(sum) + 2 * std::fabs(from_zero) + 2 * std::fabs(dense.bias(output));
  return {sum, 6 * (kFloatRoundoff * size + kMinNormal)};
}

// gelu's slope is at most 1.13; gelu_and_powers.inc says its own error.
double gelu_error(const EncoderKernel& kernel, double error) {
  return 1.13 * error + (has_bf16(kernel) ? 8.95e-5 : 1.05e-6);
}

bool is_near(double found, double expected, double error, double roundoff) {
  return std::fabs(found - expected) <= error + roundoff * (std::fabs(expected) + error) + kMinNormal;
}

template <typename Value>
void test_real_numbers(const EncoderKernel& kernel, DenseSizes sizes, std::size_t rows,
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
  dense.multiply(in, {Epilogue::store, stored.view().values, stored.view().stride});
  dense.multiply(in, {Epilogue::gelu, activated.view().values, activated.view().stride});
  dense.multiply(in, {Epilogue::add, added.memory.data(), added.stride});
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

// Some rows by some panels, while all other rows are NaN: the bits are the same as those of all rows by all
// panels, and nothing is written elsewhere.
void test_independence(const EncoderKernel& kernel, DenseSizes sizes) {
  const TestDense dense(kernel, random_weights(kernel, sizes.outputs, sizes.inputs),
                        random_normals(sizes.outputs));
  const TestRows in(kernel, kMaxRows, sizes.inputs);
  in.fill([](std::size_t, std::size_t) { return random_normal(); });
  for (const Epilogue epilogue : {Epilogue::store, Epilogue::gelu, Epilogue::add}) {
    const std::size_t element = epilogue == Epilogue::add ? sizeof(float) : kernel.activation_bytes;
    const std::size_t stride = stride_of(sizes.outputs * element);
    Bytes base((kMaxRows + kSpareRows) * stride);
    if (epilogue == Epilogue::add) {
      std::generate_n(base.floats(), kMaxRows * stride / sizeof(float), random_normal);
    }
    const Bytes all = base;
    dense.multiply(in, {epilogue, all.data(), stride});
    std::size_t wrong = 0;
    for (std::size_t count = 1; count <= kMaxRows; ++count) {
      const std::size_t first = random_below(kMaxRows - count + 1);
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
                     {epilogue, found.data(), stride});
      wrong += !(found == expected);
    }
    CHECK(wrong == 0);
  }
}

void test_kernel(const EncoderKernel& kernel) {
  for (const DenseSizes sizes : dense_sizes()) {
    test_independence(kernel, sizes);
    test_real_numbers(kernel, sizes, 3, random_normal);
  }
  test_real_numbers(kernel, {64, 64}, kMaxRows, random_normal);
  test_real_numbers(kernel, {128, 64}, 13,
                    [] { return std::ldexp(random_normal(), random_integer(-20, 20)); });
  test_real_numbers(kernel, {128, 64}, 13, [] { return 1e-38F * random_normal(); });  // some are denormal
  test_real_numbers(kernel, {128, 64}, 13, [] { return kDenormal * static_cast<float>(random_below(1000)); });
  test_real_numbers(kernel, {64, 64}, 1, [] { return 0.0F; });
}

}  // namespace
}  // namespace cosimo::test

int main() { return cosimo::test::test_each_encoder_kernel(cosimo::test::test_kernel); }
