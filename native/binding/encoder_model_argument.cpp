#include "binding/encoder_model_argument.h"

#include <cstdint>
#include <limits>
#include <string>

#include "binding/common/arguments.h"
#include "core/base/error.h"
#include "kernels/encoder/encoder_kernel.h"

namespace cosimo::binding {
namespace {

constexpr std::uint64_t kMaxRows = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kMaxLayers = 1024;

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorCode::invalid_argument, sentence); }

Napi::Object object_at(const Napi::Object& owner, const char* name) {
  const Napi::Value value = owner.Get(name);
  if (!value.IsObject()) refuse(std::string("model.") + name + " must be an object");
  return value.As<Napi::Object>();
}

std::size_t count_at(const Napi::Object& owner, const char* name, std::uint64_t most) {
  return integer_argument(owner.Get(name), name, 1, most);
}

std::string text_at(const Napi::Object& owner, const char* name) {
  const Napi::Value value = owner.Get(name);
  if (!value.IsString()) refuse(std::string(name) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

TensorPlace tensor_at(const Napi::Object& owner, const char* name) {
  const Napi::Object tensor = object_at(owner, name);
  TensorPlace place;
  place.path = text_at(tensor, "path");
  place.byte_offset = integer_argument(tensor.Get("byteOffset"), "byteOffset", 0, ~std::uint64_t{0});
  const std::string type = text_at(tensor, "dtype");
  if (type == "F32") {
    place.type = TensorType::f32;
  } else if (type == "F16") {
    place.type = TensorType::f16;
  } else if (type == "BF16") {
    place.type = TensorType::bf16;
  } else {
    refuse("dtype must be 'F32', 'F16' or 'BF16'");
  }
  return place;
}

DensePlace dense_at(const Napi::Object& owner, const char* name) {
  const Napi::Object dense = object_at(owner, name);
  return {tensor_at(dense, "weight"), tensor_at(dense, "bias")};
}

NormPlace norm_at(const Napi::Object& owner, const char* name) {
  const Napi::Object norm = object_at(owner, name);
  return {tensor_at(norm, "weight"), tensor_at(norm, "bias")};
}

LayerPlace layer_of(const Napi::Value& value) {
  if (!value.IsObject()) refuse("each of model.layers must be an object");
  const auto layer = value.As<Napi::Object>();
  LayerPlace place;
  place.query = dense_at(layer, "query");
  place.key = dense_at(layer, "key");
  place.value = dense_at(layer, "value");
  place.attention_output = dense_at(layer, "attentionOutput");
  place.attention_norm = norm_at(layer, "attentionNorm");
  place.intermediate = dense_at(layer, "intermediate");
  place.output = dense_at(layer, "output");
  place.output_norm = norm_at(layer, "outputNorm");
  return place;
}

Pooling pooling_at(const Napi::Object& owner) {
  const std::string name = text_at(owner, "pooling");
  if (name == "mean") return Pooling::mean;
  if (name == "cls") return Pooling::cls;
  if (name == "max") return Pooling::max;
  refuse("pooling must be 'mean', 'cls' or 'max'");
}

bool flag_at(const Napi::Object& owner, const char* name) {
  const Napi::Value value = owner.Get(name);
  if (!value.IsBoolean()) refuse(std::string(name) + " must be a boolean");
  return value.As<Napi::Boolean>().Value();
}

EncoderSizes sizes_of(const Napi::Object& model) {
  constexpr std::uint64_t kAny = ~std::uint64_t{0};  // find_unsupported_size knows the limits
  return {count_at(model, "hiddenSize", kAny), count_at(model, "intermediateSize", kAny),
          count_at(model, "heads", kAny)};
}

void read_sizes(const Napi::Object& model, EncoderModel& to) {
  const EncoderSizes sizes = sizes_of(model);
  if (const auto unsupported = find_unsupported_size(sizes)) refuse("model: " + to_sentence(*unsupported));
  to.hidden_size = sizes.hidden;
  to.intermediate_size = sizes.intermediate;
  to.heads = sizes.heads;
  to.vocabulary_size = count_at(model, "vocabSize", kMaxRows);
  to.position_rows = count_at(model, "maxPositions", kMaxRows);
}

}  // namespace

EncoderSizes encoder_sizes_argument(const Napi::Value& value) {
  if (!value.IsObject()) refuse("sizes must be an object");
  return sizes_of(value.As<Napi::Object>());
}

EncoderModel encoder_model_argument(const Napi::Value& value) {
  if (!value.IsObject()) refuse("model must be an object");
  const auto model = value.As<Napi::Object>();
  EncoderModel read;
  read_sizes(model, read);
  const double epsilon = number_argument(model.Get("layerNormEps"), "layerNormEps");
  if (!(epsilon >= 0 && epsilon < 1)) refuse("layerNormEps must be from 0 to below 1");
  read.layer_norm_epsilon = static_cast<float>(epsilon);
  read.pooling = pooling_at(model);
  read.normalize = flag_at(model, "normalize");
  if (!model.Get("paddingId").IsUndefined()) {
    read.padding_id = static_cast<std::int32_t>(
        integer_argument(model.Get("paddingId"), "paddingId", 0, read.vocabulary_size - 1));
  }
  read.words = tensor_at(model, "words");
  read.positions = tensor_at(model, "positions");
  if (!model.Get("tokenTypes").IsUndefined()) read.token_types = tensor_at(model, "tokenTypes");
  read.embedding_norm = norm_at(model, "norm");
  const Napi::Value layers = model.Get("layers");
  if (!layers.IsArray()) refuse("model.layers must be an array");
  const auto array = layers.As<Napi::Array>();
  if (array.Length() == 0 || array.Length() > kMaxLayers) refuse("model.layers must hold 1 to 1024 layers");
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::HandleScope scope(value.Env());
    read.layers.push_back(layer_of(array.Get(i)));
  }
  return read;
}

}  // namespace cosimo::binding
