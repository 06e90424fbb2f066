// A sentence encoder of the BERT family, as it lies in weight files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cosimo {

enum class TensorType : std::uint8_t { f32, f16, bf16 };

/// Where a tensor lies: row-major, little-endian. Whoever reads it knows its shape.
struct TensorPlace {
  std::string path;
  std::uint64_t byte_offset = 0;
  TensorType type = TensorType::f32;
};

struct DensePlace {
  TensorPlace weight;  // [outputs, inputs]
  TensorPlace bias;    // [outputs]
};

struct NormPlace {
  TensorPlace weight;  // [hidden]
  TensorPlace bias;    // [hidden]
};

struct LayerPlace {
  DensePlace query;
  DensePlace key;
  DensePlace value;
  DensePlace attention_output;
  NormPlace attention_norm;
  DensePlace intermediate;
  DensePlace output;
  NormPlace output_norm;
};

enum class Pooling : std::uint8_t { mean, cls, max };

struct EncoderModel {
  std::size_t hidden_size = 0;
  std::size_t heads = 0;
  std::size_t intermediate_size = 0;
  std::size_t vocabulary_size = 0;
  std::size_t position_rows = 0;
  float layer_norm_epsilon = 0;
  Pooling pooling = Pooling::mean;
  bool normalize = true;
  /// Set for RoBERTa: the first token has the position row after padding's, and a padding token has padding's
  /// row. Without it the first token has row 0, the next one row 1.
  std::optional<std::int32_t> padding_id;

  TensorPlace words;                       // [vocabulary, hidden]
  TensorPlace positions;                   // [position_rows, hidden]
  std::optional<TensorPlace> token_types;  // [any, hidden], only the first row is used
  NormPlace embedding_norm;
  std::vector<LayerPlace> layers;
};

}  // namespace cosimo
