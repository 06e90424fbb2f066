// A batch under way, and how it is cut into pieces.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <vector>

#include "core/encoder/encode_result.h"
#include "core/encoder/pass/encoder_pass.h"

namespace cosimo {

/// Guarded by the mutex of its queue, unless a function says otherwise. A piece under way belongs to its
/// thread.
class EncodeBatch {
 public:
  /// Cuts into pieces of whole texts of about `piece_tokens`. Throws std::bad_alloc.
  EncodeBatch(std::vector<std::int32_t> ids, std::vector<std::int32_t> lengths, std::size_t hidden_size,
              std::size_t piece_tokens, EncodeDone done);

  bool has_begun() const noexcept { return next_piece_ > 0; }
  bool has_waiting_pieces() const noexcept { return next_piece_ < pieces_.size(); }
  const EncoderPiece& take_piece() noexcept { return pieces_[next_piece_++]; }
  /// True for the last piece: settle the batch.
  bool end_piece() noexcept { return ++ended_pieces_ == pieces_.size(); }

  /// Drops the pieces that have not begun. True when none is under way: settle the batch.
  bool give_up(std::exception_ptr reason) noexcept;

  /// Read by a pass between layers, on any thread.
  const std::atomic<bool>& stopped() const noexcept { return stopped_; }

  /// Calls `done`. Call once, and not under the mutex.
  void settle() noexcept;

 private:
  const std::vector<std::int32_t> ids_;
  const std::vector<std::int32_t> lengths_;
  std::vector<float> vectors_;
  std::vector<EncoderPiece> pieces_;
  std::size_t next_piece_ = 0;
  std::size_t ended_pieces_ = 0;
  std::atomic<bool> stopped_{false};
  std::exception_ptr reason_;
  EncodeDone done_;
};

}  // namespace cosimo
