// The buffers in which one thread computes the vectors of some texts.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/base/huge_buffer.h"
#include "core/encoder/weights/encoder_weights.h"

namespace cosimo {

/// Buffers for at most `rows` tokens, in the layout that kernels want: kSpareRows rows follow the last one.
class EncoderWorkspace {
 public:
  explicit EncoderWorkspace(const EncoderWeights& weights) noexcept : weights_(weights) {}

  /// Grows if need be. Contents are lost then. Throws std::bad_alloc.
  void reserve(std::size_t rows);

  /// Rows that the feed-forward half of a layer takes at a time, so that what lies between its two products
  /// stays in the cache.
  std::size_t chunk_rows() const noexcept;

  std::size_t bytes() const noexcept { return buffer_ ? buffer_->bytes() : 0; }

  /// Rows of floats: sums, and after LayerNorm the activations.
  float* floats() const noexcept { return floats_; }
  std::size_t float_stride() const noexcept { return float_stride_; }
  /// The same rows as products read them.
  const ActivationRows& hidden() const noexcept { return hidden_; }
  /// Queries, keys and values of each row.
  const ActivationRows& qkv() const noexcept { return qkv_; }
  const ActivationRows& context() const noexcept { return context_; }
  /// One chunk's activations between the two products of the feed-forward half.
  const ActivationRows& intermediate() const noexcept { return intermediate_; }
  /// Each token's row in the table of positions.
  std::vector<std::size_t>& positions() noexcept { return positions_; }
  /// The first row of each text.
  std::vector<std::size_t>& starts() noexcept { return starts_; }

 private:
  const EncoderWeights& weights_;
  std::size_t rows_ = 0;
  std::unique_ptr<HugeBuffer> buffer_;
  float* floats_ = nullptr;
  std::size_t float_stride_ = 0;
  ActivationRows hidden_{};
  ActivationRows qkv_{};
  ActivationRows context_{};
  ActivationRows intermediate_{};
  std::vector<std::size_t> positions_;
  std::vector<std::size_t> starts_;
};

/// The rows from `first` on.
ActivationRows rows_from(const ActivationRows& rows, std::size_t first) noexcept;

}  // namespace cosimo
