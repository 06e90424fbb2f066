// A model and its sizes as TransformerEncoder of src/native/transformer-encoder.ts takes them.
#pragma once

#include <napi.h>

#include "core/encoder/weights/encoder_model.h"
#include "core/encoder/weights/encoder_sizes.h"

namespace cosimo::binding {

/// NativeEncoderSizes: any counts. Throws Error invalid_argument.
EncoderSizes encoder_sizes_argument(const Napi::Value& value);

/// NativeEncoderModel, checked as far as it can be without its files: sizes that kernels take, tensors that
/// say where they lie. Throws Error invalid_argument.
EncoderModel encoder_model_argument(const Napi::Value& value);

}  // namespace cosimo::binding
