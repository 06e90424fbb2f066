// Dense layers for tests of encoder kernels.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "support/encoder/encoder_rows.h"

namespace cosimo::test {

struct DenseSizes {
  std::size_t inputs;
  std::size_t outputs;
};

/// The sizes of models' layers, and the smallest sizes.
inline std::vector<DenseSizes> dense_sizes() {
  std::vector<DenseSizes> sizes{{64, 64}, {64, 384}, {128, 128}, {384, 1536}, {1536, 384}, {1536, 64}};
  constexpr std::size_t kBriefWeights = 100'000;
  if (is_brief()) {
    std::erase_if(sizes, [](DenseSizes each) { return each.inputs * each.outputs > kBriefWeights; });
  }
  return sizes;
}

/// x · Φ(x), written without cancellation far below zero.
inline double exact_gelu(double x) { return 0.5 * x * std::erfc(-x * std::sqrt(0.5)); }

/// A dense layer whose weights the kernel holds exactly as they are here.
class TestDense {
 public:
  /// weights[output · inputs + input], rounded here to what the kernel holds. For codes they must be integers
  /// of up to 127 in magnitude, 127 itself among each output's, times a power of two.
  TestDense(const EncoderKernel& kernel, std::vector<float> weights, std::vector<float> bias)
      : kernel_(kernel),
        outputs_(bias.size()),
        inputs_(weights.size() / bias.size()),
        weights_(std::move(weights)),
        packed_(weights_.size() * kernel.weight_bytes),
        bias_(outputs_ * sizeof(float)),
        scale_(outputs_ * sizeof(float)),
        sum_(outputs_ * sizeof(float)) {
    std::memcpy(bias_.data(), bias.data(), outputs_ * sizeof(float));
    kernel.pack(weights_.data(), outputs_, inputs_, {packed_.data(), scale_.floats(), sum_.floats()});
    if (kernel.precision == EncoderPrecision::bf16) {
      for (float& weight : weights_) weight = rounded_to_bf16(weight);
    }
    if (is_split(kernel)) {
      for (float& weight : weights_) weight = rounded_to_two_bf16(weight);
    }
  }

  std::size_t inputs() const { return inputs_; }
  std::size_t outputs() const { return outputs_; }
  std::size_t panels() const { return outputs_ / kernel_.panel_outputs; }
  PackedDense view() const {
    return {inputs_, outputs_, packed_.data(), bias_.floats(), scale_.floats(), sum_.floats()};
  }
  double weight(std::size_t output, std::size_t input) const { return weights_[output * inputs_ + input]; }
  float bias(std::size_t output) const { return bias_.floats()[output]; }
  float scale(std::size_t output) const { return scale_.floats()[output]; }
  float sum(std::size_t output) const { return sum_.floats()[output]; }

  /// Multiplies all rows by all outputs.
  void multiply(const TestRows& in, const ProductTarget& to) const {
    kernel_.product(in.view(), view(), 0, in.rows(), 0, panels(), to);
  }

 private:
  const EncoderKernel& kernel_;
  std::size_t outputs_;
  std::size_t inputs_;
  std::vector<float> weights_;
  Bytes packed_;
  Bytes bias_;
  Bytes scale_;
  Bytes sum_;
};

/// Weights that TestDense takes, of about 1 in magnitude.
inline std::vector<float> random_weights(const EncoderKernel& kernel, std::size_t outputs,
                                         std::size_t inputs) {
  std::vector<float> weights(outputs * inputs);
  for (std::size_t output = 0; output < outputs; ++output) {
    const std::size_t greatest = random_below(inputs);
    const int exponent = random_integer(-8, -4);
    for (std::size_t input = 0; input < inputs; ++input) {
      const int code = input == greatest ? (random_below(2) == 0 ? 127 : -127) : random_integer(-127, 127);
      weights[output * inputs + input] =
          has_codes(kernel) ? std::ldexp(static_cast<float>(code), exponent) : random_normal();
    }
  }
  return weights;
}

}  // namespace cosimo::test
