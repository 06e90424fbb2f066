// The powers of two in attention's softmax, for every encoder kernel. Two tokens with unit values: the
// context is their weights, whose quotient is 2^(score difference).
#include "support/encoder/encoder_text.h"

namespace cosimo::test {
namespace {

constexpr Shape kShape{32, 12};
constexpr std::size_t kTexts = 800;

// Both queries are (1, 1, 0, …), so that a key's score is the sum of its first two dimensions: two numbers of
// seven bits, which bfloat16 holds, with an exact sum of fourteen. Values are (1, 0, …) and (0, 1, 0, …).
void set_scores(const Text& text) {
  text.fill([](Part part, std::size_t token, std::size_t i) {
    if (part == Part::query) return i < 2 ? 1.0F : 0.0F;
    if (part == Part::value) return i == token ? 1.0F : 0.0F;
    return 0.0F;
  });
  for (std::size_t head = 0; head < kShape.heads; ++head) {
    text.set(Part::key, 1, head, 0, -static_cast<float>(random_integer(0, 127)) / 16);
    text.set(Part::key, 1, head, 1, -static_cast<float>(random_integer(0, 127)) / 2048);
  }
}

// The errors of a quotient:
//   the power's own error, see gelu_and_powers.inc;
//   four roundings of floats;
//   with bfloat16 activations, three of their roundings: of a weight and of both results.
// Rounding hides the error in one case, but averages out over many; so the mean is tested too. A rounding's
// standard deviation is at most half of its maximum.
void test_kernel(const EncoderKernel& kernel) {
  const double power_error = has_bf16(kernel) ? 7.6e-5 : 7.6e-8;
  const double rounding = 4 * kFloatRoundoff + (has_bf16(kernel) ? 3 * kBf16Roundoff : 0);
  const double count = kTexts * kShape.heads;
  std::size_t wrong = 0;
  double mean = 0;
  for (std::size_t at = 0; at < kTexts; ++at) {
    const Text text(kernel, kShape, 2);
    set_scores(text);
    text.attend();
    for (std::size_t head = 0; head < kShape.heads; ++head) {
      const double power = std::exp2(text.get(Part::key, 1, head, 0) + text.get(Part::key, 1, head, 1));
      const double error = text.found(0, head, 1) / text.found(0, head, 0) / power - 1;
      mean += error / count;
      wrong += !(std::fabs(error) <= 1.01 * (power_error + rounding));
    }
  }
  CHECK(wrong == 0);
  CHECK(std::fabs(mean) <= power_error + 6 * (rounding / 2) / std::sqrt(count));
}

}  // namespace
}  // namespace cosimo::test

int main() { return cosimo::test::test_each_encoder_kernel(cosimo::test::test_kernel); }
