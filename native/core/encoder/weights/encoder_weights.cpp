#include "core/encoder/weights/encoder_weights.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <numbers>
#include <span>
#include <string>

#include "core/base/error.h"
#include "core/base/huge_buffer.h"
#include "core/encoder/weights/encoder_sizes.h"
#include "core/encoder/weights/tensor_file.h"

namespace cosimo {
namespace {

constexpr std::size_t aligned(std::size_t bytes) noexcept {
  return (bytes + kEncoderAlignment - 1) / kEncoderAlignment * kEncoderAlignment;
}

std::size_t float_bytes(std::size_t count) noexcept { return aligned(count * sizeof(float)); }

std::size_t dense_bytes(const EncoderKernel& kernel, std::size_t outputs, std::size_t inputs) noexcept {
  const std::size_t scales = kernel.precision == EncoderPrecision::int8 ? 2 * float_bytes(outputs) : 0;
  return aligned(outputs * inputs * kernel.weight_bytes) + float_bytes(outputs) + scales;
}

const EncoderKernel& values_kernel(const EncoderKernel& kernel) noexcept {
  return kernel.values_kernel == nullptr ? kernel : *kernel.values_kernel;
}

std::size_t total_bytes(const EncoderModel& model, const EncoderKernel& kernel) noexcept {
  const std::size_t hidden = model.hidden_size;
  const std::size_t norm = 2 * float_bytes(hidden);
  const std::size_t layer =
      dense_bytes(kernel, 2 * hidden, hidden) + dense_bytes(values_kernel(kernel), hidden, hidden) +
      dense_bytes(kernel, hidden, hidden) + dense_bytes(kernel, model.intermediate_size, hidden) +
      dense_bytes(kernel, hidden, model.intermediate_size) + 2 * norm;
  return float_bytes(model.vocabulary_size * hidden) + float_bytes(model.position_rows * hidden) + norm +
         model.layers.size() * layer;
}

void check(bool fits, const char* what, std::size_t value) {
  if (fits) return;
  throw Error(ErrorCode::invalid_argument,
              std::string("The encoder takes no ") + what + " of " + std::to_string(value));
}

const EncoderModel& checked(const EncoderModel& model) {
  if (const auto unsupported =
          find_unsupported_size({model.hidden_size, model.intermediate_size, model.heads})) {
    throw Error(ErrorCode::invalid_argument,
                "The encoder does not take the model: " + to_sentence(*unsupported));
  }
  check(model.vocabulary_size > 0, "vocabulary", model.vocabulary_size);
  const std::size_t before = model.padding_id ? static_cast<std::size_t>(*model.padding_id) + 1 : 0;
  check(model.position_rows > before, "table of positions", model.position_rows);
  check(!model.layers.empty(), "number of layers", model.layers.size());
  return model;
}

// A dense layer as it is read: rows of weights, and their biases.
struct Unpacked {
  std::vector<float> weights;
  std::vector<float> bias;

  // Reads `outputs` more rows and multiplies them by `factor`.
  void read(const DensePlace& place, std::size_t outputs, std::size_t inputs, float factor = 1) {
    append(weights, place.weight, outputs * inputs, factor);
    append(bias, place.bias, outputs, factor);
  }

 private:
  static void append(std::vector<float>& to, const TensorPlace& place, std::size_t count, float factor) {
    to.resize(to.size() + count);
    const std::span<float> added(to.end() - static_cast<std::ptrdiff_t>(count), to.end());
    read_tensor(place, added);
    for (float& value : added) value *= factor;
  }
};

}  // namespace

// Hands out pieces of one buffer, whose size is computed first.
class EncoderWeights::Arena {
 public:
  explicit Arena(std::size_t bytes) : buffer_(bytes) {}

  float* floats(std::size_t count) { return static_cast<float*>(take(count * sizeof(float))); }

  const float* read_floats(const TensorPlace& place, std::size_t count) {
    float* values = floats(count);
    read_tensor(place, {values, count});
    return values;
  }

  NormWeights norm(const NormPlace& place, std::size_t width, float epsilon) {
    const float* weight = read_floats(place.weight, width);
    return {weight, read_floats(place.bias, width), epsilon};
  }

  PackedDense pack(const EncoderKernel& kernel, const Unpacked& dense, std::size_t inputs) {
    const std::size_t outputs = dense.bias.size();
    void* weights = take(outputs * inputs * kernel.weight_bytes);
    float* bias = floats(outputs);
    std::copy(dense.bias.begin(), dense.bias.end(), bias);
    const bool has_codes = kernel.precision == EncoderPrecision::int8;
    float* scale = has_codes ? floats(outputs) : nullptr;
    float* sum = has_codes ? floats(outputs) : nullptr;
    kernel.pack(dense.weights.data(), outputs, inputs, {weights, scale, sum});
    return {inputs, outputs, weights, bias, scale, sum};
  }

  std::size_t bytes() const noexcept { return buffer_.bytes(); }

 private:
  void* take(std::size_t bytes) {
    std::byte* piece = buffer_.data() + used_;
    used_ += aligned(bytes);
    if (used_ > buffer_.bytes()) throw std::bad_alloc();
    return piece;
  }

  HugeBuffer buffer_;
  std::size_t used_ = 0;
};

EncoderWeights::EncoderWeights(const EncoderModel& model, const EncoderKernel& kernel)
    : model_(checked(model)), kernel_(kernel), arena_(std::make_unique<Arena>(total_bytes(model, kernel))) {
  const std::size_t hidden = model_.hidden_size;
  words_ = arena_->read_floats(model_.words, model_.vocabulary_size * hidden);
  float* positions = arena_->floats(model_.position_rows * hidden);
  read_tensor(model_.positions, {positions, model_.position_rows * hidden});
  if (model_.token_types) {
    std::vector<float> type(hidden);
    read_tensor(*model_.token_types, type);
    for (std::size_t i = 0; i < model_.position_rows * hidden; ++i) positions[i] += type[i % hidden];
  }
  positions_ = positions;
  embedding_norm_ = arena_->norm(model_.embedding_norm, hidden, model_.layer_norm_epsilon);
  layers_.reserve(model_.layers.size());
  for (const LayerPlace& place : model_.layers) layers_.push_back(read_layer(place));
}

EncoderLayer EncoderWeights::read_layer(const LayerPlace& place) {
  const std::size_t hidden = model_.hidden_size;
  const float epsilon = model_.layer_norm_epsilon;
  // Attention uses 2^x and no 1/√d. Both factors are folded into the query weights.
  const auto head_size = static_cast<float>(hidden / model_.heads);
  const float query_factor = std::numbers::log2e_v<float> / std::sqrt(head_size);
  EncoderLayer layer{};
  Unpacked projection;
  projection.read(place.query, hidden, hidden, query_factor);
  projection.read(place.key, hidden, hidden);
  Unpacked values;
  (kernel_.values_kernel == nullptr ? projection : values).read(place.value, hidden, hidden);
  layer.projection = arena_->pack(kernel_, projection, hidden);
  if (kernel_.values_kernel != nullptr) layer.values = arena_->pack(*kernel_.values_kernel, values, hidden);
  const auto read_dense = [&](const DensePlace& dense, std::size_t outputs, std::size_t inputs) {
    Unpacked unpacked;
    unpacked.read(dense, outputs, inputs);
    return arena_->pack(kernel_, unpacked, inputs);
  };
  layer.attention_output = read_dense(place.attention_output, hidden, hidden);
  layer.attention_norm = arena_->norm(place.attention_norm, hidden, epsilon);
  layer.intermediate = read_dense(place.intermediate, model_.intermediate_size, hidden);
  layer.output = read_dense(place.output, hidden, model_.intermediate_size);
  layer.output_norm = arena_->norm(place.output_norm, hidden, epsilon);
  return layer;
}

EncoderWeights::~EncoderWeights() = default;

std::size_t EncoderWeights::memory_bytes() const noexcept { return arena_->bytes(); }

}  // namespace cosimo
