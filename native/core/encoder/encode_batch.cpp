#include "core/encoder/encode_batch.h"

#include <utility>

namespace cosimo {

EncodeBatch::EncodeBatch(std::vector<std::int32_t> ids, std::vector<std::int32_t> lengths,
                         std::size_t hidden_size, std::size_t piece_tokens, EncodeDone done)
    : ids_(std::move(ids)),
      lengths_(std::move(lengths)),
      vectors_(lengths_.size() * hidden_size),
      done_(std::move(done)) {
  const std::size_t wanted = (ids_.size() + piece_tokens - 1) / piece_tokens;
  const std::int32_t* next_ids = ids_.data();
  std::size_t first = 0;
  std::size_t tokens_before = 0;
  for (std::size_t piece = 0; first < lengths_.size(); ++piece) {
    // A piece ends with the text whose end is nearest to the end of the piece's share of the tokens.
    const std::size_t end = ids_.size() * (piece + 1) / wanted;
    EncoderPiece cut{next_ids, lengths_.data() + first, 0, 0, vectors_.data() + first * hidden_size};
    while (first < lengths_.size()) {
      const auto length = static_cast<std::size_t>(lengths_[first]);
      if (cut.texts > 0 && tokens_before + length / 2 > end) break;
      cut.texts += 1;
      cut.tokens += length;
      tokens_before += length;
      first += 1;
    }
    next_ids += cut.tokens;
    pieces_.push_back(cut);
  }
}

bool EncodeBatch::give_up(std::exception_ptr reason) noexcept {
  if (!reason_) reason_ = std::move(reason);
  stopped_.store(true, std::memory_order_relaxed);
  ended_pieces_ += pieces_.size() - next_piece_;
  next_piece_ = pieces_.size();
  return ended_pieces_ == pieces_.size();
}

void EncodeBatch::settle() noexcept {
  EncodeResult result;
  if (reason_) {
    result.error = reason_;
  } else {
    result.vectors = std::move(vectors_);
  }
  const EncodeDone done = std::move(done_);
  done(std::move(result));
}

}  // namespace cosimo
