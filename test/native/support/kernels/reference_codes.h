// Codes in plain memory and plain arithmetic, as search_kernel.h describes them: the reference for kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "core/base/aligned_array.h"
#include "kernels/search/search_kernel.h"

namespace cosimo::test {

inline float rounded_up(long double value) {
  return std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity());
}

/// The codes of some blocks. Allocated exactly, so that the address sanitizer finds reads past the end.
class CodeStore {
 public:
  CodeStore(std::size_t dimensions, std::size_t blocks)
      : dimensions_(dimensions),
        blocks_(blocks),
        lines_((dimensions + kLineDimensions - 1) / kLineDimensions),
        upper_(make_aligned_array<std::uint8_t>(plane_bytes())),
        lower_(make_aligned_array<std::uint8_t>(plane_bytes())) {
    std::fill_n(upper_.get(), plane_bytes(), std::uint8_t{0x88});
    std::fill_n(lower_.get(), plane_bytes(), std::uint8_t{0});
    for (auto* rows : {&upper_scale_, &upper_residual_, &scale_, &residual_}) *rows = floats(row_count());
    norm_ = floats(blocks_);
  }

  std::size_t dimensions() const { return dimensions_; }
  std::size_t lines() const { return lines_; }
  std::size_t blocks() const { return blocks_; }
  std::size_t row_count() const { return blocks_ * kBlockRows; }
  std::size_t plane_bytes() const { return blocks_ * lines_ * kLineBytes; }

  float* upper_scale() { return upper_scale_.get(); }
  float* upper_residual() { return upper_residual_.get(); }
  float* scale() { return scale_.get(); }
  float* residual() { return residual_.get(); }
  float* norm() { return norm_.get(); }

  CodeBlocks view() const {
    return {lines_,       upper_.get(),    lower_.get(), upper_scale_.get(), upper_residual_.get(),
            scale_.get(), residual_.get(), norm_.get()};
  }

  BlockCodes block(std::size_t block) {
    const std::size_t plane = block * lines_ * kLineBytes;
    const std::size_t row = block * kBlockRows;
    return {upper_.get() + plane,        lower_.get() + plane, upper_scale_.get() + row,
            upper_residual_.get() + row, scale_.get() + row,   residual_.get() + row,
            norm_.get() + block};
  }

  std::int32_t high(std::size_t row, std::size_t dimension) const { return nibble(upper_, row, dimension); }
  std::int32_t low(std::size_t row, std::size_t dimension) const { return nibble(lower_, row, dimension); }
  std::int32_t code(std::size_t row, std::size_t dimension) const {
    return 16 * high(row, dimension) + low(row, dimension) - 128;
  }

  void set_code(std::size_t row, std::size_t dimension, std::int32_t code) {
    set_nibble(upper_, row, dimension, (code + 128) / 16);
    set_nibble(lower_, row, dimension, (code + 128) % 16);
  }

  /// All bytes of a block, to see whether it was changed.
  std::vector<std::uint8_t> bytes_of(std::size_t at) {
    const BlockCodes codes = block(at);
    std::vector<std::uint8_t> bytes;
    const auto add = [&bytes](const void* from, std::size_t count) {
      const auto* first = static_cast<const std::uint8_t*>(from);
      bytes.insert(bytes.end(), first, first + count);
    };
    add(codes.upper, lines_ * kLineBytes);
    add(codes.lower, lines_ * kLineBytes);
    for (const float* rows : {codes.upper_scale, codes.upper_residual, codes.scale, codes.residual})
      add(rows, kBlockRows * sizeof(float));
    add(codes.norm, sizeof(float));
    return bytes;
  }

 private:
  static AlignedArray<float> floats(std::size_t count) {
    auto values = make_aligned_array<float>(count);
    std::fill_n(values.get(), count, 0.0F);
    return values;
  }

  std::size_t byte_at(std::size_t row, std::size_t dimension) const {
    const std::size_t line = row / kBlockRows * lines_ + dimension / 8;
    return line * kLineBytes + 4 * (row % kBlockRows) + dimension % 4;
  }

  std::int32_t nibble(const AlignedArray<std::uint8_t>& plane, std::size_t row, std::size_t dimension) const {
    const std::uint8_t pair = plane[byte_at(row, dimension)];
    return dimension % 8 < 4 ? pair & 15 : pair >> 4;
  }

  void set_nibble(AlignedArray<std::uint8_t>& plane, std::size_t row, std::size_t dimension,
                  std::int32_t value) {
    std::uint8_t& pair = plane[byte_at(row, dimension)];
    pair = static_cast<std::uint8_t>(dimension % 8 < 4 ? (pair & 0xf0) | value : (pair & 15) | (value << 4));
  }

  std::size_t dimensions_;
  std::size_t blocks_;
  std::size_t lines_;
  AlignedArray<std::uint8_t> upper_;
  AlignedArray<std::uint8_t> lower_;
  AlignedArray<float> upper_scale_;
  AlignedArray<float> upper_residual_;
  AlignedArray<float> scale_;
  AlignedArray<float> residual_;
  AlignedArray<float> norm_;
};

/// Queries, followed by the zeros that search_kernel.h promises, and the scratch memory of BoundMany.
class QueryStore {
 public:
  QueryStore(std::size_t dimensions, std::size_t count)
      : dimensions_(dimensions),
        stride_((dimensions + kQueryCodeAlignment - 1) / kQueryCodeAlignment * kQueryCodeAlignment),
        room_((count + kQueryTile - 1) / kQueryTile * kQueryTile),
        codes_(make_aligned_array<std::int8_t>(room_ * stride_)),
        scratch_(make_aligned_array<std::uint8_t>(kMaxBlocks * stride_ * kBlockRows)),
        queries_(count) {
    std::fill_n(codes_.get(), room_ * stride_, std::int8_t{0});
    for (std::size_t i = 0; i < count; ++i) queries_[i] = {codes_.get() + i * stride_, 0, 1.0F, 0.0F, 0.0F};
  }

  std::size_t count() const { return queries_.size(); }
  CodeQuery& query(std::size_t at) { return queries_[at]; }
  std::uint8_t* scratch() { return scratch_.get(); }

  /// The first `count` queries.
  CodeQueries view(std::size_t count) const { return {count, queries_.data(), codes_.get(), stride_}; }

  /// Zeroes the codes of all queries from `count` on.
  void forget_from(std::size_t count) {
    std::fill(codes_.get() + count * stride_, codes_.get() + room_ * stride_, std::int8_t{0});
  }

  std::int32_t code(std::size_t at, std::size_t dimension) const { return codes_[at * stride_ + dimension]; }

  void set_code(std::size_t at, std::size_t dimension, std::int32_t code) {
    queries_[at].code_sum += code - this->code(at, dimension);
    codes_[at * stride_ + dimension] = static_cast<std::int8_t>(code);
  }

  /// Makes the codes of a query as core does, with the slack of 32 float roundings.
  void encode(std::size_t at, std::span<const float> values) {
    float largest = 0.0F;
    for (const float value : values) largest = std::max(largest, std::fabs(value));
    CodeQuery& query = queries_[at];
    query.scale = 0.0F;
    for (std::size_t i = 0; i < dimensions_; ++i) set_code(at, i, 0);
    if (largest != 0.0F && (largest < kMinCodable || largest > kMaxCodable))
      query.norm = std::numeric_limits<float>::infinity();
    if (largest < kMinCodable || largest > kMaxCodable) return;
    query.scale = largest / 127.0F;
    long double squares = 0;
    long double error_squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = static_cast<long double>(values[i]);
      set_code(at, i, static_cast<std::int32_t>(std::lrint(values[i] * (127.0F / largest))));
      const long double error = value - static_cast<long double>(query.scale) * code(at, i);
      squares += value * value;
      error_squares += error * error;
    }
    const long double norm = std::sqrt(squares);
    query.norm = rounded_up(norm);
    query.error = rounded_up(std::sqrt(error_squares) + 32 * 0x1p-24L * norm);
  }

 private:
  std::size_t dimensions_;
  std::size_t stride_;
  std::size_t room_;
  AlignedArray<std::int8_t> codes_;
  AlignedArray<std::uint8_t> scratch_;
  std::vector<CodeQuery> queries_;
};

/// The two sums of products of a query and a row.
struct Products {
  std::int64_t upper;  // 32·Σ d·h − 241·Σ d
  std::int64_t whole;  // Σ d·c
};

inline Products products_of(const QueryStore& queries, std::size_t query, const CodeStore& rows,
                            std::size_t row) {
  Products sums = {0, 0};
  for (std::size_t i = 0; i < rows.dimensions(); ++i) {
    const std::int32_t code = queries.code(query, i);
    sums.upper += code * (32 * rows.high(row, i) - 241);
    sums.whole += code * rows.code(row, i);
  }
  return sums;
}

}  // namespace cosimo::test
