// Makes a text's vector from the vectors of its tokens.
#pragma once

#include <cstddef>
#include <span>

#include "core/encoder/weights/encoder_model.h"

namespace cosimo {

struct TokenRows {
  const float* first;
  std::size_t stride;  // bytes
  std::size_t count;   // ≥ 1
};

/// `normalize`: scales the vector to L2 norm 1. A norm below 1e-12 counts as 1e-12, as in
/// torch.nn.functional.normalize.
void pool_tokens(const TokenRows& rows, Pooling pooling, bool normalize, std::span<float> vector) noexcept;

}  // namespace cosimo
