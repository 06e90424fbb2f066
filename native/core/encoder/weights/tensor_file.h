// Tensors of weight files as floats.
#pragma once

#include <span>

#include "core/encoder/weights/encoder_model.h"

namespace cosimo {

/// Fills `to` with the first `to.size()` elements of a tensor, widened if it holds half precision. Throws
/// Error model_invalid when the file can't be read, ends too soon, or holds NaN or infinity there;
/// std::bad_alloc.
void read_tensor(const TensorPlace& place, std::span<float> to);

}  // namespace cosimo
