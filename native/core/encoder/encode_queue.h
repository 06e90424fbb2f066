// What the threads of an encoder do next: lead a piece of a batch, or help another thread with its pass.
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
#include "core/encoder/pass/shared_stages.h"

namespace cosimo {

/// A pass under way. Other threads may help with it.
struct EncodeRun {
  EncodeRun(bool shared, std::size_t scratch_bytes) noexcept : stages(shared, scratch_bytes) {}

  SharedStages stages;
  std::size_t helpers = 0;  // guarded by the queue's mutex
};

/// What a thread is to do next.
struct EncodeTask {
  /// The batch whose piece the thread leads. If batch and run are both null, the thread ends.
  std::shared_ptr<EncodeBatch> batch;
  /// The piece to lead.
  EncoderPiece piece{};
  /// With a batch: the thread's own run, open to helpers from now on. Without one: the run to help with.
  std::shared_ptr<EncodeRun> run;
};

/// Every function is safe from every thread. The thread whose call ends a batch settles it, outside of the
/// queue's mutex.
class EncodeQueue {
 public:
  /// `weights` must outlive the queue. `most_helpers`: helpers of one pass, at most.
  EncodeQueue(const EncoderWeights& weights, std::size_t most_helpers) noexcept
      : weights_(weights), most_helpers_(most_helpers) {}

  /// Throws Error closed; std::bad_alloc.
  void push(std::shared_ptr<EncodeBatch> batch);

  /// Ends a batch early, if it has not ended yet. A pass under way stops between two layers.
  void give_up(const std::shared_ptr<EncodeBatch>& batch, ErrorCode code, const char* sentence) noexcept;

  /// Refuses new batches, and ends those that nobody has begun.
  void close() noexcept;
  /// Ends all batches. From now on next() returns an empty task.
  void stop() noexcept;

  /// Waits for something to do. `left`: the run that the thread has just helped with and left. It is not sent
  /// there again.
  EncodeTask next(const EncodeRun* left) noexcept;
  /// Whether a batch has pieces that nobody has taken. Helpers then leave their run, to lead one.
  bool has_waiting() const noexcept { return has_waiting_.load(std::memory_order_relaxed); }

  /// After a piece was led. `error`: why it failed, or null.
  void end_piece(const EncodeTask& task, std::exception_ptr error) noexcept;
  void end_help(const EncodeTask& task) noexcept;

 private:
  std::shared_ptr<EncodeRun> joinable_run(const EncodeRun* left) const noexcept;
  EncodeTask take_piece() noexcept;
  std::shared_ptr<EncodeRun> begin_run(const EncoderPiece& piece);
  void forget_waiting(const std::shared_ptr<EncodeBatch>& batch) noexcept;
  /// Gives up the batches that `which` is true for.
  template <typename Which>
  void end_batches(std::unique_lock<std::mutex>& lock, const Which& which) noexcept;

  const EncoderWeights& weights_;
  const std::size_t most_helpers_;
  std::atomic<bool> has_waiting_{false};

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::shared_ptr<EncodeBatch>> waiting_;  // batches with pieces that nobody has taken
  std::vector<std::shared_ptr<EncodeBatch>> live_;    // batches that are not settled
  std::vector<std::shared_ptr<EncodeRun>> runs_;
  std::chrono::steady_clock::time_point alone_until_{};
  bool closed_ = false;
  bool stopping_ = false;
};

}  // namespace cosimo
