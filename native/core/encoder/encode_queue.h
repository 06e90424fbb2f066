// What the threads of an encoder have to do: pieces of batches, and passes of others that they can help with.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/error.h"
#include "core/encoder/encode_batch.h"
#include "core/encoder/shared_stages.h"

namespace cosimo {

/// A pass under way, for others to help with.
struct EncodeRun {
  EncodeRun(bool shared, std::size_t scratch_bytes) noexcept : stages(shared, scratch_bytes) {}

  SharedStages stages;
  std::size_t helpers = 0;  // the queue's
};

/// What a thread is to do next.
struct EncodeTask {
  /// Null, and so is `run`: nothing ever again.
  std::shared_ptr<EncodeBatch> batch;
  /// Of the batch, to be led: the run, which is the thread's own, is open to others from now on.
  EncoderPiece piece{};
  /// Without a batch: to be helped with.
  std::shared_ptr<EncodeRun> run;
};

/// Every function is safe from every thread. Batches are settled on the thread whose call ends them, outside
/// of the queue's mutex.
class EncodeQueue {
 public:
  /// `weights` outlive the queue. `most_helpers`: of one pass.
  EncodeQueue(const EncoderWeights& weights, std::size_t most_helpers) noexcept
      : weights_(weights), most_helpers_(most_helpers) {}

  /// Throws Error closed; std::bad_alloc.
  void push(std::shared_ptr<EncodeBatch> batch);

  /// Ends a batch early, if it has not ended; one that is under way between two layers of its passes.
  void give_up(const std::shared_ptr<EncodeBatch>& batch, ErrorCode code, const char* sentence) noexcept;

  /// Takes no more, and ends batches that nobody has begun.
  void close() noexcept;
  /// Ends all of them; threads that ask are sent home.
  void stop() noexcept;

  /// Waits for something to do. `left`: a run that the thread has helped with and left, which it is not sent
  /// to again.
  EncodeTask next(const EncodeRun* left) noexcept;
  /// A batch with pieces that nobody has taken: helpers had better lead.
  bool has_waiting() const noexcept { return has_waiting_.load(std::memory_order_relaxed); }

  /// After a piece was led: with what it failed, or null.
  void end_piece(const EncodeTask& task, std::exception_ptr error) noexcept;
  void end_help(const EncodeTask& task) noexcept;

 private:
  std::shared_ptr<EncodeRun> joinable_run(const EncodeRun* left) const noexcept;
  EncodeTask take_piece() noexcept;
  std::shared_ptr<EncodeRun> begin_run(const EncoderPiece& piece);
  void forget_waiting(const std::shared_ptr<EncodeBatch>& batch) noexcept;
  /// Gives up those that `which` is true for.
  template <typename Which>
  void end_batches(std::unique_lock<std::mutex>& lock, const Which& which) noexcept;

  const EncoderWeights& weights_;
  const std::size_t most_helpers_;
  std::atomic<bool> has_waiting_{false};

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::shared_ptr<EncodeBatch>> waiting_;  // those with pieces that nobody has taken
  std::vector<std::shared_ptr<EncodeBatch>> live_;    // those that are not settled
  std::vector<std::shared_ptr<EncodeRun>> runs_;
  std::chrono::steady_clock::time_point alone_until_{};
  bool closed_ = false;
  bool stopping_ = false;
};

}  // namespace cosimo
