// A small model of random weights in a file, and its forward pass in double precision.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <numbers>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/encoder/weights/encoder_model.h"
#include "core/encoder/weights/tensor_file.h"

namespace cosimo::test {

struct SmallSizes {
  std::size_t hidden = 64;
  std::size_t heads = 2;
  std::size_t intermediate = 128;
  std::size_t layers = 2;
  std::size_t vocabulary = 50;
  std::size_t positions = 80;
};

/// Writes the tensors when made, and removes the file when it goes.
class SmallModel {
 public:
  SmallModel(const SmallSizes& sizes, std::uint64_t seed, TensorType type = TensorType::f32)
      : random_(seed), type_(type) {
    static int made = 0;
    path_ = (std::filesystem::temp_directory_path() /
             ("cosimo-model-" + std::to_string(::getpid()) + "-" + std::to_string(made++)))
                .string();
    model_.hidden_size = sizes.hidden;
    model_.heads = sizes.heads;
    model_.intermediate_size = sizes.intermediate;
    model_.vocabulary_size = sizes.vocabulary;
    model_.position_rows = sizes.positions;
    model_.layer_norm_epsilon = 1e-12F;
    file_.open(path_, std::ios::binary);
    file_ << "header";  // tensors start at an unaligned offset
    model_.words = write(sizes.vocabulary * sizes.hidden, 0.5F);
    model_.positions = write(sizes.positions * sizes.hidden, 0.2F);
    model_.token_types = write(2 * sizes.hidden, 0.2F);
    model_.embedding_norm = write_norm();
    const std::size_t hidden = sizes.hidden;
    for (std::size_t layer = 0; layer < sizes.layers; ++layer) {
      model_.layers.push_back({write_dense(hidden, hidden), write_dense(hidden, hidden),
                               write_dense(hidden, hidden), write_dense(hidden, hidden), write_norm(),
                               write_dense(sizes.intermediate, hidden),
                               write_dense(hidden, sizes.intermediate), write_norm()});
    }
    file_.close();
  }

  ~SmallModel() { std::remove(path_.c_str()); }
  SmallModel(const SmallModel&) = delete;
  SmallModel& operator=(const SmallModel&) = delete;

  const std::string& path() const { return path_; }
  EncoderModel& model() { return model_; }
  const EncoderModel& model() const { return model_; }

  /// One text's vector.
  std::vector<double> encode(const std::vector<std::int32_t>& ids) const {
    const std::size_t width = model_.hidden_size;
    std::vector<double> rows;
    std::int32_t last = model_.padding_id.value_or(-1);
    for (const std::int32_t id : ids) {
      const bool is_padding = model_.padding_id == id;
      const std::int32_t position = is_padding ? *model_.padding_id : ++last;
      for (std::size_t i = 0; i < width; ++i) {
        double sum = read(model_.words)[static_cast<std::size_t>(id) * width + i] +
                     read(model_.positions)[static_cast<std::size_t>(position) * width + i];
        if (model_.token_types) sum += read(*model_.token_types)[i];
        rows.push_back(sum);
      }
    }
    normalize(model_.embedding_norm, rows);
    for (const LayerPlace& layer : model_.layers) {
      std::vector<double> sum = multiply(layer.attention_output, attend(layer, rows), width, width);
      add(sum, rows);
      normalize(layer.attention_norm, sum);
      std::vector<double> middle = multiply(layer.intermediate, sum, model_.intermediate_size, width);
      for (double& value : middle) value *= 0.5 * std::erfc(-value / std::numbers::sqrt2);
      rows = multiply(layer.output, middle, width, model_.intermediate_size);
      add(rows, sum);
      normalize(layer.output_norm, rows);
    }
    return pool(rows);
  }

 private:
  TensorPlace write(std::size_t count, float spread, float mean = 0) {
    TensorPlace place{path_, static_cast<std::uint64_t>(file_.tellp()), type_};
    for (std::size_t i = 0; i < count; ++i) {
      const float value = mean + spread * std::normal_distribution<float>()(random_);
      std::uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      const auto half = static_cast<std::uint16_t>(type_ == TensorType::f16 ? f16_bits(bits) : bits >> 16);
      if (type_ == TensorType::f32) {
        file_.write(reinterpret_cast<const char*>(&bits), sizeof bits);
      } else {
        file_.write(reinterpret_cast<const char*>(&half), sizeof half);
      }
    }
    tensors_[place.byte_offset].resize(count);
    unread_[place.byte_offset] = true;
    return place;
  }

  // Truncates to float16. Exactness does not matter: expected values are read back from the file.
  static std::uint32_t f16_bits(std::uint32_t bits) {
    const std::int32_t exponent = static_cast<std::int32_t>((bits >> 23) & 0xff) - 112;
    if (exponent <= 0) return (bits >> 16) & 0x8000;
    return ((bits >> 16) & 0x8000) | (static_cast<std::uint32_t>(exponent) << 10) | ((bits >> 13) & 0x3ff);
  }

  DensePlace write_dense(std::size_t outputs, std::size_t inputs) {
    const TensorPlace weight = write(outputs * inputs, 1.5F / std::sqrt(static_cast<float>(inputs)));
    return {weight, write(outputs, 0.1F)};
  }
  NormPlace write_norm() {
    const TensorPlace weight = write(model_.hidden_size, 0.1F, 1.0F);
    return {weight, write(model_.hidden_size, 0.1F)};
  }

  // By the function that the encoder reads with; its own test is in tensor_file_test.cpp.
  const std::vector<float>& read(const TensorPlace& place) const {
    std::vector<float>& values = tensors_.at(place.byte_offset);
    if (std::exchange(unread_[place.byte_offset], false)) read_tensor(place, values);
    return values;
  }

  static void add(std::vector<double>& to, const std::vector<double>& values) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += values[i];
  }

  std::vector<double> multiply(const DensePlace& dense, const std::vector<double>& rows, std::size_t outputs,
                               std::size_t inputs) const {
    const std::vector<float>& weight = read(dense.weight);
    const std::vector<float>& bias = read(dense.bias);
    std::vector<double> product;
    for (std::size_t row = 0; row < rows.size() / inputs; ++row) {
      for (std::size_t output = 0; output < outputs; ++output) {
        double sum = bias[output];
        for (std::size_t i = 0; i < inputs; ++i) sum += rows[row * inputs + i] * weight[output * inputs + i];
        product.push_back(sum);
      }
    }
    return product;
  }

  void normalize(const NormPlace& norm, std::vector<double>& rows) const {
    const std::vector<float>& weight = read(norm.weight);
    const std::vector<float>& bias = read(norm.bias);
    const std::size_t width = weight.size();
    for (std::size_t row = 0; row < rows.size() / width; ++row) {
      double* values = &rows[row * width];
      double mean = 0;
      double variance = 0;
      for (std::size_t i = 0; i < width; ++i) mean += values[i] / static_cast<double>(width);
      for (std::size_t i = 0; i < width; ++i) {
        variance += (values[i] - mean) * (values[i] - mean) / static_cast<double>(width);
      }
      const double factor = 1 / std::sqrt(variance + static_cast<double>(model_.layer_norm_epsilon));
      for (std::size_t i = 0; i < width; ++i) values[i] = (values[i] - mean) * factor * weight[i] + bias[i];
    }
  }

  std::vector<double> attend(const LayerPlace& layer, const std::vector<double>& rows) const {
    const std::size_t width = model_.hidden_size;
    const std::size_t size = width / model_.heads;
    const std::size_t tokens = rows.size() / width;
    const std::vector<double> queries = multiply(layer.query, rows, width, width);
    const std::vector<double> keys = multiply(layer.key, rows, width, width);
    const std::vector<double> values = multiply(layer.value, rows, width, width);
    std::vector<double> context(rows.size());
    for (std::size_t head = 0; head < model_.heads; ++head) {
      for (std::size_t token = 0; token < tokens; ++token) {
        std::vector<double> weights(tokens);
        double sum = 0;
        for (std::size_t other = 0; other < tokens; ++other) {
          double score = 0;
          for (std::size_t i = head * size; i < (head + 1) * size; ++i) {
            score += queries[token * width + i] * keys[other * width + i];
          }
          weights[other] = std::exp(score / std::sqrt(static_cast<double>(size)));
          sum += weights[other];
        }
        for (std::size_t other = 0; other < tokens; ++other) {
          for (std::size_t i = head * size; i < (head + 1) * size; ++i) {
            context[token * width + i] += weights[other] / sum * values[other * width + i];
          }
        }
      }
    }
    return context;
  }

  std::vector<double> pool(const std::vector<double>& rows) const {
    const std::size_t width = model_.hidden_size;
    const std::size_t tokens = rows.size() / width;
    std::vector<double> vector(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(width));
    for (std::size_t token = 1; token < tokens && model_.pooling != Pooling::cls; ++token) {
      for (std::size_t i = 0; i < width; ++i) {
        const double value = rows[token * width + i];
        vector[i] = model_.pooling == Pooling::mean ? vector[i] + value : std::max(vector[i], value);
      }
    }
    double squares = 0;
    for (double& value : vector) {
      if (model_.pooling == Pooling::mean) value /= static_cast<double>(tokens);
      squares += value * value;
    }
    if (model_.normalize) {
      for (double& value : vector) value /= std::sqrt(squares);
    }
    return vector;
  }

  std::mt19937_64 random_;
  TensorType type_;
  std::string path_;
  std::ofstream file_;
  EncoderModel model_;
  mutable std::map<std::uint64_t, std::vector<float>> tensors_;  // by their offset in the file
  mutable std::map<std::uint64_t, bool> unread_;
};

}  // namespace cosimo::test
