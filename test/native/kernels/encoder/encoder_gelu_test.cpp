// GELU of every encoder kernel against double precision, through a product whose weights pick one input each:
// in the curved part, where GELU is x or 0, and at extreme floats.
#include "support/check.h"
#include "support/encoder/encoder_dense.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kWidth = kEncoderWidthUnit;

// Beyond ±end_of the result is x or zero; between, its error is at most error_of. See gelu_and_powers.inc.
double end_of(const EncoderKernel& kernel) { return has_bf16(kernel) ? 4.1 : 5.2; }
double error_of(const EncoderKernel& kernel) { return has_bf16(kernel) ? 8.95e-5 : 1.05e-6; }

// The weights on the diagonal are 1, or 127/128 for int8: then their scale is exactly 1/128.
TestDense identity(const EncoderKernel& kernel) {
  std::vector<float> weights(kWidth * kWidth);
  for (std::size_t i = 0; i < kWidth; ++i) weights[i * kWidth + i] = has_codes(kernel) ? 127.0F / 128 : 1.0F;
  return {kernel, weights, std::vector<float>(kWidth)};
}

bool is_right(const EncoderKernel& kernel, float found, double x, double error) {
  const double roundoff = stored_roundoff(kernel);
  const double end = end_of(kernel);
  // Exactly x, unless x itself isn't exact.
  if (x > end + error) return std::fabs(found - x) <= error + (error > 0 ? roundoff * x : 0);
  if (x < -end - error) return found == 0;
  if (error == 0 && std::fabs(found) > std::fabs(x)) return false;
  const double expected = exact_gelu(x);
  return std::fabs(found - expected) <= error_of(kernel) + 1.13 * error + 2 * roundoff * std::fabs(expected);
}

template <typename Function>
void test_values(const EncoderKernel& kernel, std::size_t rows, const Function& value_of) {
  const TestDense dense = identity(kernel);
  const TestRows in(kernel, rows, kWidth);
  in.fill(value_of);
  const TestRows out(kernel, rows, kWidth);
  dense.multiply(in, {Epilogue::gelu, out.view().values, out.view().stride});
  std::size_t wrong = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < kWidth; ++i) {
      const double x = in.read(r, i) * dense.weight(i, i);
      double error = 0;
      if (has_codes(kernel)) {  // integers, their scale and their zero: six roundings
        const double size = std::fabs(x) + 2 * std::fabs(in.zero(r) * static_cast<double>(dense.sum(i)));
        error = 6 * (kFloatRoundoff * size + kMinNormal);
      }
      if (is_right(kernel, out.value(r, i), x, error)) continue;
      if (wrong++ == 0) std::printf("  gelu(%.9g) = %.9g\n", x, static_cast<double>(out.value(r, i)));
    }
  }
  CHECK(wrong == 0);
}

void test_kernel(const EncoderKernel& kernel) {
  constexpr std::size_t kRows = 256;
  const auto swept = [](std::size_t r, std::size_t i) {
    constexpr float kStep = 24.0F / (kRows * kWidth - 1);
    return -12 + kStep * static_cast<float>(r * kWidth + i);
  };
  test_values(kernel, kRows, swept);
  // The same with both ends in each row, as codes meet it.
  test_values(kernel, kWidth, [&](std::size_t r, std::size_t i) { return swept(4 * i + r % 4, r); });
  const auto test_constant = [&](float value) {
    test_values(kernel, 1, [value](std::size_t, std::size_t) { return value; });
  };
  for (const float value : {1e4F, 1e30F, 5.2F, 5.21F, 4.1F, 4.12F, 1e-30F, 0.0F, 0x1p-126F, kDenormal}) {
    test_constant(value);
    test_constant(-value);
    test_values(kernel, 2, [value](std::size_t, std::size_t i) { return i % 2 == 0 ? value : -value; });
    test_values(kernel, 2, [value](std::size_t, std::size_t i) { return i == 5 ? value : 0; });
  }
  test_values(kernel, 8, [](std::size_t, std::size_t) {
    return random_sign(kDenormal * static_cast<float>(random_below(8388607)));
  });
}

}  // namespace
}  // namespace cosimo::test

int main() { return cosimo::test::test_each_encoder_kernel(cosimo::test::test_kernel); }
