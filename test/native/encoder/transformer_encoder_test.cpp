// Whole passes through an encoder, with every kernel of this machine: against double precision, and bit for
// bit against themselves with other threads and in other company.
#include "core/encoder/transformer_encoder.h"

#include <cmath>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "core/base/error.h"
#include "core/encoder/encoder_pass.h"
#include "core/encoder/encoder_thread_memory.h"
#include "support/check.h"
#include "support/encoder_kernels.h"
#include "support/small_model.h"

namespace cosimo::test {
namespace {

std::mt19937_64 random_bits;

using Ids = std::vector<std::int32_t>;

/// Waits for what an encoder tells.
class Answer {
 public:
  EncodeDone done() {
    return [this](EncodeResult result) {
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
      ++calls_;
      told_.notify_all();
    };
  }

  EncodeResult wait() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return calls_ > 0; });
    return result_;
  }

  bool ended_with(ErrorCode code) {
    const EncodeResult result = wait();
    if (!result.error) return false;
    return throws<Error>([&] { std::rethrow_exception(result.error); },
                         [code](const Error& error) { return error.code() == code; });
  }

  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  EncodeResult result_;
  int calls_ = 0;
};

std::vector<float> encode(TransformerEncoder& encoder, const std::vector<Ids>& texts) {
  Ids ids;
  Ids lengths;
  for (const Ids& text : texts) {
    ids.insert(ids.end(), text.begin(), text.end());
    lengths.push_back(static_cast<std::int32_t>(text.size()));
  }
  Answer answer;
  encoder.encode(ids, lengths, answer.done());
  EncodeResult result = answer.wait();
  CHECK(result.error == nullptr);
  return std::move(result.vectors);
}

Ids random_text(std::size_t tokens, std::size_t vocabulary) {
  Ids ids(tokens);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(random_bits() % vocabulary);
  return ids;
}

// Around the heights of tiles and the widths of panels, where tails begin.
constexpr std::size_t kBriefTokens = 33;
constexpr std::size_t kLengths[] = {1, 2, 7, 8, 12, 13, 16, 25, 31, 32, 33, 40, 48, 64, 65, 80};

std::vector<Ids> texts_of_many_lengths(const EncoderModel& model, std::size_t longest) {
  std::vector<Ids> texts;
  for (const std::size_t tokens : kLengths) {
    if (tokens <= longest && (!is_brief() || tokens <= kBriefTokens))
      texts.push_back(random_text(tokens, model.vocabulary_size));
  }
  std::shuffle(texts.begin(), texts.end(), random_bits);
  return texts;
}

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
  roberta.model().padding_id = 1;  // which texts name too
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

void test_refusals(const EncoderKernel& kernel, std::uint64_t seed) {
  SmallModel small({}, seed);
  TransformerEncoder encoder(std::make_shared<EncoderWeights>(small.model(), kernel), 2);
  const auto refused = [&](const Ids& ids, const Ids& lengths) {
    Answer answer;
    const bool thrown =
        throws<Error>([&] { encoder.encode(ids, lengths, answer.done()); },
                      [](const Error& error) { return error.code() == ErrorCode::invalid_argument; });
    return thrown && answer.calls() == 0;
  };
  CHECK(refused({50}, {1}));  // of a vocabulary of 50
  CHECK(refused({-1}, {1}));
  CHECK(refused({1, 2}, {3}));
  CHECK(refused({1, 2}, {1}));
  CHECK(refused({1, 2}, {2, 0}));
  CHECK(refused({1, 2}, {3, -1}));
  CHECK(refused(Ids(81, 1), {81}));  // of 80 positions
  CHECK(encode(encoder, {Ids(80, 1)}).size() == 64);
  CHECK(encode(encoder, {}).empty());

  const auto unfit = [&](auto&& change) {
    EncoderModel model = small.model();
    change(model);
    return throws<Error>([&] { EncoderWeights(model, kernel); },
                         [](const Error& error) { return error.code() == ErrorCode::invalid_argument; });
  };
  CHECK(unfit([](EncoderModel& model) { model.hidden_size = 96; }));
  CHECK(unfit([](EncoderModel& model) { model.intermediate_size = 100; }));
  CHECK(unfit([](EncoderModel& model) { model.heads = 4; }));
  CHECK(unfit([](EncoderModel& model) { model.heads = 0; }));
  CHECK(unfit([](EncoderModel& model) { model.layers.clear(); }));
  CHECK(unfit([](EncoderModel& model) { model.padding_id = 79; }));  // the last position

  const auto invalid = [&](auto&& change) {
    EncoderModel model = small.model();
    change(model);
    return throws<Error>([&] { EncoderWeights(model, kernel); },
                         [](const Error& error) { return error.code() == ErrorCode::model_invalid; });
  };
  CHECK(invalid([](EncoderModel& model) { model.words.path += "-missing"; }));
  CHECK(invalid([](EncoderModel& model) { model.layers[1].output_norm.bias.byte_offset += 4; }));
}

void test_endings(const EncoderKernel& kernel, std::uint64_t seed) {
  SmallModel small({.hidden = 128, .heads = 4, .intermediate = 256, .layers = 12}, seed);
  const auto weights = std::make_shared<EncoderWeights>(small.model(), kernel);
  const std::size_t texts = is_brief() ? 8 : 64;
  const Ids ids(texts * 80, 3);
  const Ids lengths(texts, 80);
  {
    TransformerEncoder encoder(weights, 2);
    Answer cancelled;
    Answer kept;
    const auto batch = encoder.encode(ids, lengths, cancelled.done());
    encoder.encode(ids, lengths, kept.done());
    encoder.cancel(batch);
    CHECK(cancelled.ended_with(ErrorCode::cancelled));
    CHECK(kept.wait().error == nullptr);
    encoder.cancel(batch);  // which has ended
    CHECK(cancelled.calls() == 1);
    CHECK(encoder.memory_bytes() > weights->memory_bytes());
  }
  {
    TransformerEncoder encoder(weights, 1);
    Answer running;
    Answer waiting;
    encoder.encode(ids, lengths, running.done());
    // A thread that has begun takes memory to work in.
    while (encoder.memory_bytes() == weights->memory_bytes()) std::this_thread::yield();
    encoder.encode(ids, lengths, waiting.done());
    encoder.close();
    CHECK(waiting.ended_with(ErrorCode::closed));
    CHECK(running.wait().error == nullptr);
    Answer late;
    CHECK(throws<Error>([&] { encoder.encode(ids, lengths, late.done()); },
                        [](const Error& error) { return error.code() == ErrorCode::closed; }));
    CHECK(late.calls() == 0);
  }
  {
    Answer stopped[3];
    TransformerEncoder encoder(weights, 2);
    for (Answer& answer : stopped) encoder.encode(ids, lengths, answer.done());
    encoder.stop();
    for (Answer& answer : stopped) CHECK(answer.calls() == 1);
    CHECK(stopped[2].ended_with(ErrorCode::closed));
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
    CHECK(run_encoder(weights, piece, memory.workspace(), stages, memory.scratch(), 1, stop) == !stopped);
    CHECK(stopped == (vector[0] == -7.0F));
  }
}

// Many callers, some of whom change their minds; what is answered is right.
void test_stress(const EncoderKernel& kernel, std::uint64_t seed) {
  const SmallModel small({}, seed);
  TransformerEncoder encoder(std::make_shared<EncoderWeights>(small.model(), kernel), 3);
  const std::vector<Ids> texts = texts_of_many_lengths(small.model(), 20);
  std::vector<std::vector<float>> expected;
  for (const Ids& text : texts) expected.push_back(encode(encoder, {text}));
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (std::size_t round = 0; round < (is_brief() ? 10U : 50U); ++round) {
        const std::size_t at = (caller * 7 + round) % texts.size();
        Answer answer;
        const Ids lengths{static_cast<std::int32_t>(texts[at].size())};
        const auto batch = encoder.encode(texts[at], lengths, answer.done());
        if (round % 5 == 0) encoder.cancel(batch);
        const EncodeResult result = answer.wait();
        if (result.error ? round % 5 != 0 : result.vectors != expected[at]) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  const std::uint64_t seed = random_bits();
  for_each_encoder_kernel_once([seed](const cosimo::EncoderKernel& kernel) {
    if (kSanitized && !is_encoder_kernel_available(kernel.name)) return;  // emulation takes long
    test_against_double_precision(kernel, seed);
    test_bits(kernel, seed);
    test_refusals(kernel, seed);
    test_endings(kernel, seed);
    test_stopped_pass(kernel, seed);
    test_stress(kernel, seed);
  });
  return finish();
}
