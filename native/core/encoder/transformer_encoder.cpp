#include "core/encoder/transformer_encoder.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "core/base/denormals.h"
#include "core/encoder/encode_queue.h"
#include "core/encoder/pass/encoder_thread_memory.h"

namespace cosimo {
namespace {

// Small enough that activations stay in an L2 cache, large enough to be worth reading all weights once.
constexpr std::size_t kPieceTokens = 256;
// Smaller pieces are not worth it: a few large ones, whose stages threads share, are faster.
constexpr std::size_t kMinPieceTokens = 48;

std::size_t most_tokens(const EncoderModel& model) noexcept {
  const std::size_t before = model.padding_id ? static_cast<std::size_t>(*model.padding_id) + 1 : 0;
  return model.position_rows > before ? model.position_rows - before : 0;
}

// The number of panels of a layer's narrowest product; more helpers would have nothing to do.
std::size_t most_helpers(const EncoderWeights& weights, std::size_t thread_count) noexcept {
  return std::min(thread_count, weights.model().hidden_size / weights.kernel().panel_outputs) - 1;
}

void check_texts(const EncoderModel& model, std::span<const std::int32_t> ids,
                 std::span<const std::int32_t> lengths) {
  const std::size_t most = most_tokens(model);
  std::size_t tokens = 0;
  for (const std::int32_t length : lengths) {
    if (length < 1 || static_cast<std::size_t>(length) > most) {
      throw Error(ErrorCode::invalid_argument, "A text must have 1 to " + std::to_string(most) +
                                                   " tokens, and one has " + std::to_string(length));
    }
    tokens += static_cast<std::size_t>(length);
  }
  if (tokens != ids.size()) {
    throw Error(ErrorCode::invalid_argument, "lengths sum up to " + std::to_string(tokens) +
                                                 ", but there are " + std::to_string(ids.size()) + " ids");
  }
  for (const std::int32_t id : ids) {
    if (id < 0 || static_cast<std::size_t>(id) >= model.vocabulary_size) {
      throw Error(ErrorCode::invalid_argument, "The model has no token " + std::to_string(id));
    }
  }
}

// How many tokens a piece has, so that all threads end together.
std::size_t piece_tokens(std::size_t tokens, std::size_t threads) noexcept {
  const std::size_t pieces = (tokens + kPieceTokens - 1) / kPieceTokens;
  const std::size_t fair = (pieces + threads - 1) / threads * threads;
  const std::size_t share = (tokens + fair - 1) / fair;
  return share < kMinPieceTokens ? kPieceTokens : share;
}

}  // namespace

class TransformerEncoder::Team {
 public:
  Team(std::shared_ptr<const EncoderWeights> weights, std::size_t thread_count)
      : weights_(std::move(weights)),
        thread_count_(thread_count),
        queue_(*weights_, most_helpers(*weights_, thread_count)) {
    threads_.reserve(thread_count);
    try {
      while (threads_.size() < thread_count) threads_.emplace_back(&Team::work, this);
    } catch (...) {
      stop();
      throw;
    }
  }

  ~Team() { stop(); }

  std::shared_ptr<EncodeBatch> encode(std::vector<std::int32_t> ids, std::vector<std::int32_t> lengths,
                                      EncodeDone done) {
    check_texts(weights_->model(), ids, lengths);
    if (lengths.empty()) {
      done({});
      return nullptr;
    }
    const std::size_t tokens = piece_tokens(ids.size(), thread_count_);
    auto batch = std::make_shared<EncodeBatch>(std::move(ids), std::move(lengths),
                                               weights_->model().hidden_size, tokens, std::move(done));
    queue_.push(batch);
    return batch;
  }

  void stop() noexcept {
    queue_.stop();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  EncodeQueue& queue() noexcept { return queue_; }
  std::size_t memory_bytes() const noexcept {
    return weights_->memory_bytes() + memory_bytes_.load(std::memory_order_relaxed);
  }

 private:
  void work() noexcept {
    flush_denormals();
    EncoderThreadMemory memory(*weights_, memory_bytes_);
    std::shared_ptr<EncodeRun> left;
    for (;;) {
      EncodeTask task = queue_.next(left.get());
      if (task.batch) {
        lead(memory, task);
      } else if (task.run) {
        help(memory, task);
        left = std::move(task.run);
      } else {
        return;
      }
    }
  }

  void lead(EncoderThreadMemory& memory, const EncodeTask& task) noexcept {
    std::exception_ptr error;
    try {
      if (!task.run) throw std::bad_alloc();
      SharedStages& stages = task.run->stages;
      memory.reserve(task.piece.tokens, stages.scratch_bytes());
      run_encoder_pass(*weights_, task.piece, memory.workspace(), stages, memory.scratch(), thread_count_,
                       task.batch->stopped());
    } catch (...) {
      error = std::current_exception();
    }
    if (task.run) task.run->stages.end();
    queue_.end_piece(task, std::move(error));
  }

  void help(EncoderThreadMemory& memory, const EncodeTask& task) noexcept {
    try {
      memory.reserve(0, task.run->stages.scratch_bytes());
      task.run->stages.help(memory.scratch(), [this] { return queue_.has_waiting(); });
    } catch (const std::bad_alloc&) {
      // The leader goes on alone.
    }
    queue_.end_help(task);
  }

  const std::shared_ptr<const EncoderWeights> weights_;
  const std::size_t thread_count_;
  std::atomic<std::size_t> memory_bytes_{0};
  EncodeQueue queue_;
  std::vector<std::thread> threads_;  // last: they end before what they use
};

TransformerEncoder::TransformerEncoder(std::shared_ptr<const EncoderWeights> weights,
                                       std::size_t thread_count)
    : team_(std::make_unique<Team>(std::move(weights), thread_count)) {}

TransformerEncoder::~TransformerEncoder() = default;

std::shared_ptr<EncodeBatch> TransformerEncoder::encode(std::vector<std::int32_t> ids,
                                                        std::vector<std::int32_t> lengths, EncodeDone done) {
  return team_->encode(std::move(ids), std::move(lengths), std::move(done));
}

void TransformerEncoder::cancel(const std::shared_ptr<EncodeBatch>& batch) noexcept {
  team_->queue().give_up(batch, ErrorCode::cancelled, "The batch was cancelled");
}

void TransformerEncoder::close() noexcept { team_->queue().close(); }
void TransformerEncoder::stop() noexcept { team_->stop(); }
std::size_t TransformerEncoder::memory_bytes() const noexcept { return team_->memory_bytes(); }

}  // namespace cosimo
