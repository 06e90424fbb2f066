// A batch under way, and how it is cut into pieces.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <vector>

#include "core/encoder/encode_result.h"
#include "core/encoder/encoder_pass.h"

namespace cosimo {

/// Guarded by its encoder's mutex but for what is said to be otherwise. A piece under way is its thread's.
class EncodeBatch {
 public:
  /// Copies, and cuts into pieces of whole texts of about `piece_tokens`. Throws std::bad_alloc.
  EncodeBatch(std::span<const std::int32_t> ids, std::span<const std::int32_t> lengths,
              std::size_t hidden_size, std::size_t piece_tokens, EncodeDone done);

  bool has_begun() const noexcept { return next_piece_ > 0; }
  bool has_waiting_pieces() const noexcept { return next_piece_ < pieces_.size(); }
  const EncoderPiece& take_piece() noexcept { return pieces_[next_piece_++]; }
  /// True for the last one: the batch is to be settled.
  bool end_piece() noexcept { return ++ended_pieces_ == pieces_.size(); }

  /// Lets go of what has not begun. True when nothing is under way: the batch is to be settled.
  bool give_up(std::exception_ptr reason) noexcept;

  /// Read by a pass between layers, on any thread.
  const std::atomic<bool>& stopped() const noexcept { return stopped_; }

  /// Calls `done`, once. Not under the mutex.
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
