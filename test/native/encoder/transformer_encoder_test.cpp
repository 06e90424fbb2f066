// Batches of an encoder, with every kernel of this machine: what it refuses, how batches end, and many
// callers at once.
#include "core/encoder/transformer_encoder.h"

#include <atomic>
#include <limits>
#include <thread>

#include "support/encoder/encoder_batches.h"
#include "support/encoder/small_model.h"
#include "support/wait_for.h"

namespace cosimo::test {
namespace {

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
  CHECK(refused({1, 2, 3}, {std::numeric_limits<std::int32_t>::max(), 4}));
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
  CHECK(unfit([](EncoderModel& model) { model.heads = 3; }));
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
  const std::size_t layers = is_emulated() ? 1 : is_brief() ? 3 : 12;
  SmallModel small({.hidden = 128, .heads = 4, .intermediate = 256, .layers = layers}, seed);
  const auto weights = std::make_shared<EncoderWeights>(small.model(), kernel);
  const std::size_t texts = is_emulated() ? 4 : is_brief() ? 8 : 64;
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
    // The memory grows once a thread has begun.
    CHECK(wait_for([&] { return encoder.memory_bytes() > weights->memory_bytes(); }));
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

// Many callers, some of which cancel; every answer is right.
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

void test_kernel(const EncoderKernel& kernel, std::uint64_t seed) {
  test_refusals(kernel, seed);
  test_endings(kernel, seed);
  test_stress(kernel, seed);
}

}  // namespace
}  // namespace cosimo::test

int main() { return cosimo::test::test_each_encoder(cosimo::test::test_kernel); }
