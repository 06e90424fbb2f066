// The weights of a sentence encoder, packed for one kernel.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/encoder/weights/encoder_model.h"
#include "kernels/encoder/encoder_kernel.h"

namespace cosimo {

struct EncoderLayer {
  /// The dense layer to queries, keys and values: 3 · hidden outputs. If the kernel has a values_kernel: to
  /// queries and keys.
  PackedDense projection;
  PackedDense values;  // packed for the kernel's values_kernel, if it has one
  PackedDense attention_output;
  NormWeights attention_norm;
  PackedDense intermediate;
  PackedDense output;
  NormWeights output_norm;
};

/// Immutable. One set serves any number of encoders.
class EncoderWeights {
 public:
  /// Reads every tensor and packs it: some hundred milliseconds. Throws Error model_invalid (a file that
  /// can't be read, or ends too soon), invalid_argument (sizes that no kernel takes); std::bad_alloc.
  EncoderWeights(const EncoderModel& model, const EncoderKernel& kernel);
  ~EncoderWeights();
  EncoderWeights(const EncoderWeights&) = delete;
  EncoderWeights& operator=(const EncoderWeights&) = delete;

  const EncoderKernel& kernel() const noexcept { return kernel_; }
  const EncoderModel& model() const noexcept { return model_; }
  const std::vector<EncoderLayer>& layers() const noexcept { return layers_; }
  const float* word(std::size_t id) const noexcept { return words_ + id * model_.hidden_size; }
  /// The sum of a position's row and the token type's row.
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
