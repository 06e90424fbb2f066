// The weights of a sentence encoder, packed for one kernel.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/encoder/encoder_model.h"
#include "kernels/encoder/encoder_kernel.h"

namespace cosimo {

struct EncoderLayer {
  /// Queries, keys and values, 3 · hidden outputs; where the kernel has another for values, queries and keys.
  PackedDense projection;
  PackedDense values;  // of the kernel's values_kernel, if it has one
  PackedDense attention_output;
  NormWeights attention_norm;
  PackedDense intermediate;
  PackedDense output;
  NormWeights output_norm;
};

/// Immutable; one set serves any number of encoders.
class EncoderWeights {
 public:
  /// Reads every tensor and packs it: some hundred milliseconds. Throws Error model_invalid (a file that
  /// can't be read, or ends too soon), invalid_argument (sizes that the kernel doesn't take); std::bad_alloc.
  EncoderWeights(const EncoderModel& model, const EncoderKernel& kernel);
  ~EncoderWeights();
  EncoderWeights(const EncoderWeights&) = delete;
  EncoderWeights& operator=(const EncoderWeights&) = delete;

  const EncoderKernel& kernel() const noexcept { return kernel_; }
  const EncoderModel& model() const noexcept { return model_; }
  const std::vector<EncoderLayer>& layers() const noexcept { return layers_; }
  const float* word(std::size_t id) const noexcept { return words_ + id * model_.hidden_size; }
  /// The position's row and that of the token type together.
  const float* position(std::size_t row) const noexcept { return positions_ + row * model_.hidden_size; }
  const NormWeights& embedding_norm() const noexcept { return embedding_norm_; }
  std::size_t memory_bytes() const noexcept;

 private:
  class Arena;

  EncoderLayer read_layer(const LayerPlace& place);

  const EncoderModel model_;
  const EncoderKernel& kernel_;
  std::unique_ptr<Arena> arena_;
  const float* words_ = nullptr;
  const float* positions_ = nullptr;
  NormWeights embedding_norm_{};
  std::vector<EncoderLayer> layers_;
};

}  // namespace cosimo
