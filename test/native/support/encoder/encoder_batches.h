// Texts for an encoder, and the result of a batch.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/encoder/transformer_encoder.h"
#include "support/check.h"
#include "support/encoder/encoder_kernels.h"

namespace cosimo::test {

using Ids = std::vector<std::int32_t>;

/// Waits for the result of a batch.
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

inline Ids random_text(std::size_t tokens, std::size_t vocabulary) {
  Ids ids(tokens);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(random_bits() % vocabulary);
  return ids;
}

// Lengths around the heights of tiles and the widths of panels, where tails begin.
inline constexpr std::size_t kBriefTokens = 33;
inline constexpr std::size_t kLengths[] = {1, 2, 7, 8, 12, 13, 16, 25, 31, 32, 33, 40, 48, 64, 65, 80};

inline std::vector<Ids> texts_of_many_lengths(const EncoderModel& model, std::size_t longest) {
  std::vector<Ids> texts;
  for (const std::size_t tokens : kLengths) {
    if (tokens <= longest && (!is_brief() || tokens <= kBriefTokens))
      texts.push_back(random_text(tokens, model.vocabulary_size));
  }
  std::shuffle(texts.begin(), texts.end(), random_bits);
  return texts;
}

/// The vectors of some texts.
inline std::vector<float> encode(TransformerEncoder& encoder, const std::vector<Ids>& texts) {
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

}  // namespace cosimo::test
