// Attention of every encoder kernel against double precision: texts of every length up to several tiles,
// scores of every kind, and nothing but a text's own rows and heads read or written.
#include <algorithm>
#include <numbers>
#include <string_view>

#include "support/encoder/encoder_text.h"

namespace cosimo::test {
namespace {

constexpr Shape kShapes[] = {{32, 3}, {64, 2}, {128, 1}};

// For one query: the share of each key, and how wrong its score may be.
struct Shares {
  std::vector<double> share;
  double score_error = 0;
};

// `are_exact`: scores are sums of integers that floats hold.
Shares shares_of(const Text& text, std::size_t token, std::size_t head, bool are_exact) {
  const std::size_t size = text.shape().head_size;
  Shares shares{std::vector<double>(text.tokens())};
  double top = -HUGE_VAL;
  for (std::size_t key = 0; key < text.tokens(); ++key) {
    double score = 0;
    double magnitude = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double term = text.get(Part::query, token, head, i) * text.get(Part::key, key, head, i);
      score += term;
      magnitude += std::fabs(term);
    }
    shares.share[key] = score;
    // An addition for each dimension, and the subtraction of the greatest score.
    const double error = static_cast<double>(size + 2) * (kFloatRoundoff * magnitude + kMinNormal);
    if (!are_exact) shares.score_error = std::max(shares.score_error, error);
    top = std::max(top, score);
  }
  double sum = 0;
  for (double& score : shares.share) sum += score = std::exp2(score - top);
  for (double& share : shares.share) share /= sum;
  return shares;
}

// Checks all of a text's context. gelu_and_powers.inc says the powers' own error. Shares are rounded to
// activations. Their sum and the weighted sum of values are rounded for each token.
void check_context(const EncoderKernel& kernel, const Text& text, bool are_exact) {
  const double power_error = has_bf16(kernel) ? 7.6e-5 : 7.6e-8 + 8 * kFloatRoundoff;
  const double share_error =
      2 * power_error + stored_roundoff(kernel) + static_cast<double>(text.tokens() + 8) * 2 * kFloatRoundoff;
  std::size_t wrong = 0;
  for (std::size_t head = 0; head < text.shape().heads; ++head) {
    for (std::size_t token = 0; token < text.tokens(); ++token) {
      const Shares shares = shares_of(text, token, head, are_exact);
      const double from_scores = std::exp2(2 * shares.score_error) - 1;
      for (std::size_t i = 0; i < text.shape().head_size; ++i) {
        double expected = 0;
        double size = 0;
        for (std::size_t key = 0; key < text.tokens(); ++key) {
          const double part = shares.share[key] * text.get(Part::value, key, head, i);
          expected += part;
          size += std::fabs(part);
        }
        const double error = size * (share_error + from_scores) +
                             stored_roundoff(kernel) * std::fabs(expected) +
                             static_cast<double>(text.tokens() + 1) * kMinNormal;
        wrong += !(std::fabs(text.found(token, head, i) - expected) <= error);
      }
    }
  }
  if (wrong > 0) std::printf("  head size %zu, %zu tokens\n", text.shape().head_size, text.tokens());
  CHECK(wrong == 0);
}

template <typename Function>
void test_values(const EncoderKernel& kernel, Shape shape, std::size_t tokens, bool are_exact,
                 const Function& value) {
  const Text text(kernel, shape, tokens);
  text.fill(value);
  text.attend();
  check_context(kernel, text, are_exact);
}

// Queries and keys so that scores are of the magnitude that trained models have.
float plausible(Part part, std::size_t head_size) {
  const float factor = part == Part::query ? 2 * std::numbers::log2e_v<float> : 1;
  return part == Part::value ? random_normal()
                             : factor * random_normal() / std::sqrt(std::sqrt(static_cast<float>(head_size)));
}

// Every length for the smallest heads, fewer for larger ones.
void test_lengths(const EncoderKernel& kernel, Shape shape) {
  const std::size_t step = is_emulated() ? 23 : is_brief() ? 11 : shape.head_size / kHeadSizeUnit;
  for (std::size_t tokens = 1; tokens <= 70; tokens += step) {
    test_values(kernel, shape, tokens, false,
                [&](Part part, std::size_t, std::size_t) { return plausible(part, shape.head_size); });
  }
}

// Each key's score is one chosen number: a query is (1, 0, …), and a key's first dimension is its score.
template <typename Score>
void test_scores(const EncoderKernel& kernel, Shape shape, std::size_t tokens, const Score& score_of) {
  test_values(kernel, shape, tokens, true, [&](Part part, std::size_t token, std::size_t i) {
    if (part == Part::query) return i == 0 ? 1.0F : 0.0F;
    if (part == Part::key) return i == 0 ? score_of(token) : 1.0F;
    return random_normal();
  });
}

void test_extreme_scores(const EncoderKernel& kernel, Shape shape) {
  for (const std::size_t tokens : {1, 2, 7, 31, 64, 65}) {
    if (is_brief() && tokens != 1 && tokens != 7 && tokens != 65) continue;
    for (const float equal : {0.0F, 1.0F, -3.0F, 9984.0F, -9984.0F}) {
      test_scores(kernel, shape, tokens, [equal](std::size_t) { return equal; });
    }
    // 2 to these powers would overflow, or be zero. All are exact in bfloat16.
    for (const float shift : {9984.0F, -9984.0F}) {
      test_scores(kernel, shape, tokens,
                  [&](std::size_t key) { return shift + (key % 3 == 0 ? 64.0F : 0.0F); });
    }
    test_scores(kernel, shape, tokens, [](std::size_t key) { return key % 2 == 0 ? 9984.0F : -9984.0F; });
    for (const std::size_t greatest : {std::size_t{0}, tokens / 2, tokens - 1}) {
      test_scores(kernel, shape, tokens, [&](std::size_t key) { return key == greatest ? 200.0F : 0.0F; });
      test_scores(kernel, shape, tokens, [&](std::size_t key) { return key == greatest ? 3.0F : 0.0F; });
      test_scores(kernel, shape, tokens, [&](std::size_t key) { return key == greatest ? 0.0F : -1e30F; });
    }
    test_scores(kernel, shape, tokens, [](std::size_t key) { return -static_cast<float>(key); });
    // Inexact scores: with scores as large as these, rounding shows.
    test_values(kernel, shape, tokens, false, [](Part part, std::size_t, std::size_t) {
      return part == Part::value ? random_normal() : 20 * random_normal();
    });
    test_values(kernel, shape, tokens, false, [](Part, std::size_t, std::size_t) {
      return random_sign(kDenormal * static_cast<float>(random_below(8388607)));
    });
  }
}

Text random_text(const EncoderKernel& kernel, Shape shape, std::size_t tokens) {
  Text text(kernel, shape, tokens);
  text.fill([&](Part part, std::size_t, std::size_t) { return plausible(part, shape.head_size); });
  return text;
}

// Whatever rows follow a text, they change no bit of its context, and nothing else is written. NaN rows
// precede the text; the rows after it start as NaN.
void test_surroundings(const EncoderKernel& kernel, Shape shape) {
  for (const std::size_t tokens : {1, 5, 12, 17, 32, 47, 64}) {
    const Text unread = random_text(kernel, shape, tokens);
    const Text text = unread;
    text.attend();
    for (const float garbage : {0.0F, 1e38F, kInfinity, -kInfinity}) {
      const Text other = unread;
      for (std::size_t r = 0; r < kSpareRows; ++r) {
        for (std::size_t i = 0; i < 3 * shape.width(); ++i) {
          other.qkv().set(kBefore + tokens + r, i, garbage);
        }
      }
      other.attend();
      CHECK(other.context() == text.context());
    }
    TestRows context = text.context();
    context.poison_others(kBefore, tokens);
    CHECK(context == text.context());
    CHECK(text.qkv() == unread.qkv());
  }
}

// A call for some heads gives the same bits as a call for all, and writes nothing of the others.
void test_heads(const EncoderKernel& kernel, Shape shape) {
  for (const std::size_t tokens : {1, 13, 40}) {
    const Text all = random_text(kernel, shape, tokens);
    const Text some = all;
    const Text one_by_one = all;
    all.attend();
    const std::size_t first = shape.heads / 2;
    some.attend(first, 1);
    const Text none = random_text(kernel, shape, tokens);
    std::size_t wrong = 0;
    for (std::size_t token = 0; token < tokens; ++token) {
      for (std::size_t at = 0; at < shape.width(); ++at) {
        const bool is_computed = at / shape.head_size == first;
        const Text& expected = is_computed ? all : none;
        const float a = some.context().value(kBefore + token, at);
        const float b = expected.context().value(kBefore + token, at);
        wrong += std::memcmp(&a, &b, sizeof a) != 0;
      }
    }
    CHECK(wrong == 0);
    for (std::size_t head = shape.heads; head-- > 0;) one_by_one.attend(head, 1);
    CHECK(one_by_one.context() == all.context());
  }
}

void test_kernel(const EncoderKernel& kernel) {
  if (is_emulated() && kernel.name == std::string_view("scalar")) return;  // by far the slowest there
  for (const Shape shape : kShapes) {
    test_lengths(kernel, shape);
    test_extreme_scores(kernel, shape);
    test_surroundings(kernel, shape);
    test_heads(kernel, shape);
  }
}

}  // namespace
}  // namespace cosimo::test

int main() { return cosimo::test::test_each_encoder_kernel(cosimo::test::test_kernel); }
