// The `model` that TransformerEncoder of src/native/binding.ts takes.
#pragma once

#include <napi.h>

#include "core/encoder/encoder_model.h"

namespace cosimo::binding {

/// NativeEncoderModel, checked as far as it can be without its files: sizes that kernels take, tensors that
/// say where they lie. Throws Error invalid_argument.
EncoderModel encoder_model_argument(const Napi::Value& value);

}  // namespace cosimo::binding
