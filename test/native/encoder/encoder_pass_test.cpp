// Whole passes through an encoder, with every kernel of this machine: against double precision, bit for bit
// the same with other threads and with other texts, and stopped between two layers.
#include "core/encoder/pass/encoder_pass.h"

#include <cmath>
#include <cstring>

#include "core/encoder/pass/encoder_thread_memory.h"
#include "support/encoder/encoder_batches.h"
#include "support/encoder/small_model.h"

namespace cosimo::test {
namespace {

double cosine(const float* vector, const std::vector<double>& expected) {
  double product = 0;
  double squares = 0;
  double expected_squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    product += vector[i] * expected[i];
    squares += static_cast<double>(vector[i]) * vector[i];
    expected_squares += expected[i] * expected[i];
  }
  return product / std::sqrt(squares * expected_squares);
}

double least_cosine(EncoderPrecision precision) {
  switch (precision) {
    case EncoderPrecision::fp32:
      return 1 - 1e-9;
    case EncoderPrecision::bf16:
      return 0.9995;
    case EncoderPrecision::int8:
      return 0.99;
  }
  return 1;
}

void check_agrees(const SmallModel& small, const EncoderKernel& kernel, const std::vector<Ids>& texts) {
  TransformerEncoder encoder(std::make_shared<EncoderWeights>(small.model(), kernel), 2);
  const std::vector<float> vectors = encode(encoder, texts);
  const std::size_t width = small.model().hidden_size;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    const std::vector<double> expected = small.encode(texts[text]);
    const float* vector = &vectors[text * width];
    CHECK(cosine(vector, expected) >= least_cosine(kernel.precision));
    double squares = 0;
    double expected_squares = 0;
    for (std::size_t i = 0; i < width; ++i) {
      squares += static_cast<double>(vector[i]) * vector[i];
      expected_squares += expected[i] * expected[i];
    }
    CHECK(std::fabs(squares / expected_squares - 1) < (small.model().normalize ? 1e-6 : 0.05));
  }
}

void test_against_double_precision(const EncoderKernel& kernel, std::uint64_t seed) {
  {
    const SmallModel small({}, seed);
    check_agrees(small, kernel, texts_of_many_lengths(small.model(), 40));
  }
  for (const Pooling pooling : {Pooling::mean, Pooling::cls, Pooling::max}) {
    SmallModel small({.hidden = 128, .heads = 2, .intermediate = 192, .layers = 1}, seed + 1);
    small.model().pooling = pooling;
    small.model().normalize = false;
    check_agrees(small, kernel, texts_of_many_lengths(small.model(), 12));
  }
  for (const TensorType type : {TensorType::f16, TensorType::bf16}) {
    const SmallModel small({.layers = 1}, seed + 2, type);
    check_agrees(small, kernel, texts_of_many_lengths(small.model(), 6));
  }
  SmallModel roberta({}, seed + 3);
  roberta.model().padding_id = 1;  // texts have this id too
  roberta.model().token_types.reset();
  Ids with_padding = random_text(20, 50);
  with_padding[0] = with_padding[7] = with_padding[19] = 1;
  check_agrees(roberta, kernel, {with_padding, random_text(30, 50), {1}});
}

void test_bits(const EncoderKernel& kernel, std::uint64_t seed) {
  const SmallModel small({.hidden = 192, .heads = 3, .intermediate = 320}, seed);
  const auto weights = std::make_shared<EncoderWeights>(small.model(), kernel);
  std::vector<Ids> texts = texts_of_many_lengths(small.model(), 80);
  const std::size_t width = small.model().hidden_size;
  TransformerEncoder alone(weights, 1);
  std::vector<std::vector<float>> expected;
  for (const Ids& text : texts) expected.push_back(encode(alone, {text}));
  for (const std::size_t threads : {1, 2, 5}) {
    if (is_emulated() && threads != 2) continue;
    TransformerEncoder encoder(weights, threads);
    const std::vector<float> together = encode(encoder, texts);
    bool equal = true;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      equal = equal && std::memcmp(&together[i * width], expected[i].data(), width * sizeof(float)) == 0;
      const std::vector<float> one = encode(encoder, {texts[i]});
      equal = equal && std::memcmp(one.data(), expected[i].data(), width * sizeof(float)) == 0;
    }
    CHECK(equal);
  }
}

// A pass looks between its layers.
void test_stopped_pass(const EncoderKernel& kernel, std::uint64_t seed) {
  const SmallModel small({}, seed);
  const EncoderWeights weights(small.model(), kernel);
  const Ids ids(10, 3);
  const Ids lengths{10};
  std::vector<float> vector(small.model().hidden_size, -7.0F);
  const EncoderPiece piece{ids.data(), lengths.data(), 1, ids.size(), vector.data()};
  std::atomic<std::size_t> bytes{0};
  EncoderThreadMemory memory(weights, bytes);
  memory.reserve(ids.size(), encoder_scratch_bytes(weights, ids.size()));
  for (const bool stopped : {true, false}) {
    SharedStages stages(false, memory.scratch().bytes);
    const std::atomic<bool> stop{stopped};
    CHECK(run_encoder_pass(weights, piece, memory.workspace(), stages, memory.scratch(), 1, stop) ==
          !stopped);
    CHECK(stopped == (vector[0] == -7.0F));
  }
}

void test_kernel(const EncoderKernel& kernel, std::uint64_t seed) {
  test_against_double_precision(kernel, seed);
  test_bits(kernel, seed);
  test_stopped_pass(kernel, seed);
}

}  // namespace
}  // namespace cosimo::test

int main() { return cosimo::test::test_each_encoder(cosimo::test::test_kernel); }
