// Token ids to vectors on the CPU, on threads of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/encoder/encode_result.h"
#include "core/encoder/weights/encoder_weights.h"

namespace cosimo {

/// One batch under way. Opaque: TransformerEncoder::encode makes it, and cancel() takes it.
class EncodeBatch;

/// Batches are packed, not padded: a batch costs what its tokens cost. A text's vector has the same bits in
/// every batch and with any number of threads. Several batches may be under way; the oldest comes first.
/// Every function but `stop` is safe from every thread.
class TransformerEncoder {
 public:
  /// thread_count ≥ 1. Throws std::system_error, std::bad_alloc.
  TransformerEncoder(std::shared_ptr<const EncoderWeights> weights, std::size_t thread_count);
  /// Stops.
  ~TransformerEncoder();
  TransformerEncoder(const TransformerEncoder&) = delete;
  TransformerEncoder& operator=(const TransformerEncoder&) = delete;

  /// `ids`: token ids of all texts, one text after another; `lengths`: tokens of each.
  /// `done` is called once: on a thread of the encoder, on the one that cancels, closes or stops, or, when
  /// there is no text, on this one. Throws Error invalid_argument (an id that the model lacks, a text of no
  /// token or of too many), closed; std::bad_alloc. `done` is then not called.
  std::shared_ptr<EncodeBatch> encode(std::vector<std::int32_t> ids, std::vector<std::int32_t> lengths,
                                      EncodeDone done);

  /// Ends a batch with `cancelled`, within a layer's time, if it has not ended.
  void cancel(const std::shared_ptr<EncodeBatch>& batch) noexcept;

  /// Batches that no thread has begun end with `closed`, the others run on. Waits for nothing. Idempotent.
  void close() noexcept;

  /// Closes, ends running batches at their next layer with `closed`, and waits for the threads. Idempotent.
  /// From one thread at a time, and not from one of the encoder's.
  void stop() noexcept;

  /// The bytes of the weights and of the threads' memory.
  std::size_t memory_bytes() const noexcept;

 private:
  class Team;
  std::unique_ptr<Team> team_;
};

}  // namespace cosimo
