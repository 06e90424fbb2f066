// Dense layers of every encoder kernel, in cases with one right answer: packing keeps every weight, and sums
// of integers are exact.
#include <algorithm>

#include "support/check.h"
#include "support/encoder/encoder_dense.h"

namespace cosimo::test {
namespace {

// An input of one picks each weight, code by code where there are codes.
void test_packing(const EncoderKernel& kernel, DenseSizes sizes) {
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
  dense.multiply(in, {Epilogue::add, out.memory.data(), out.stride});
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

// Integers so small that every sum is exact in float; for codes, in int32, and the largest codes are among
// them. So the answer is one number, whatever the order of additions.
void test_integers(const EncoderKernel& kernel, DenseSizes sizes) {
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
  dense.multiply(in, {Epilogue::add, added.memory.data(), added.stride});
  dense.multiply(in, {Epilogue::store, stored.view().values, stored.view().stride});
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

void test_kernel(const EncoderKernel& kernel) {
  for (const DenseSizes sizes : dense_sizes()) test_integers(kernel, sizes);
  test_packing(kernel, {64, 128});
  test_packing(kernel, {384, 64});
}

}  // namespace
}  // namespace cosimo::test

int main() { return cosimo::test::test_each_encoder_kernel(cosimo::test::test_kernel); }
