// Rows of activations for tests of encoder kernels, as a kernel reads them, and the same values as doubles.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "core/base/aligned_array.h"
#include "support/encoder/encoder_kernels.h"
#include "support/kernels/random_rows.h"

namespace cosimo::test {

inline int random_integer(int least, int greatest) {
  return std::uniform_int_distribution<int>(least, greatest)(random_bits);
}

inline std::vector<float> random_normals(std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = random_normal();
  return values;
}

/// A float rounded to bfloat16, ties to even.
inline float rounded_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000U);
}

/// The sum of a value's nearest bfloat16 and the nearest bfloat16 to the rest.
inline float rounded_to_two_bf16(float value) {
  const float upper = rounded_to_bf16(value);
  return upper + rounded_to_bf16(value - upper);
}

/// A value as a kernel's activations hold it.
inline float rounded(const EncoderKernel& kernel, float value) {
  return has_bf16(kernel) ? rounded_to_bf16(value) : value;
}

/// Aligned memory that can be copied. All bits are ones at first: NaN as floats, bfloat16 and scales.
class Bytes {
 public:
  explicit Bytes(std::size_t size) : size_(size), memory_(make_aligned_array<std::byte>(size)) {
    std::memset(memory_.get(), 0xff, size);
  }
  Bytes(const Bytes& other) : Bytes(other.size_) { std::memcpy(memory_.get(), other.memory_.get(), size_); }

  std::byte* data() const { return memory_.get(); }
  float* floats() const { return reinterpret_cast<float*>(memory_.get()); }
  void poison(std::size_t first, std::size_t count) { std::memset(memory_.get() + first, 0xff, count); }
  bool operator==(const Bytes& other) const {
    return size_ == other.size_ && std::memcmp(data(), other.data(), size_) == 0;
  }

 private:
  std::size_t size_;
  AlignedArray<std::byte> memory_;
};

/// The bytes from one row to the next: more than the row's, so that padding is tested.
inline std::size_t stride_of(std::size_t row_bytes) {
  return (row_bytes + kEncoderAlignment - 1) / kEncoderAlignment * kEncoderAlignment + kEncoderAlignment;
}

/// Rows of floats, followed by spare rows.
struct FloatRows {
  FloatRows(std::size_t rows, std::size_t row_width)
      : width(row_width), stride(stride_of(width * sizeof(float))), memory((rows + kSpareRows) * stride) {}

  float* row(std::size_t r) const { return reinterpret_cast<float*>(memory.data() + r * stride); }

  std::size_t width;
  std::size_t stride;
  Bytes memory;
};

/// Rows of activations, followed by spare rows, and their codes.
class TestRows {
 public:
  TestRows(const EncoderKernel& kernel, std::size_t rows, std::size_t width)
      : kernel_(&kernel),
        rows_(rows),
        width_(width),
        stride_(stride_of(width * kernel.activation_bytes)),
        code_stride_(stride_of(width * kernel.code_bytes)),
        values_((rows + kSpareRows) * stride_),
        codes_((rows + kSpareRows) * code_stride_),
        scale_((rows + kSpareRows) * sizeof(float)),
        zero_((rows + kSpareRows) * sizeof(float)) {}

  std::size_t rows() const { return rows_; }
  std::size_t width() const { return width_; }
  ActivationRows view() const {
    if (kernel_->code_bytes == 0) return {values_.data(), stride_, nullptr, 0, nullptr, nullptr};
    return {values_.data(), stride_, codes_.data(), code_stride_, scale_.floats(), zero_.floats()};
  }
  std::byte* row(std::size_t r) const { return values_.data() + r * stride_; }
  std::uint8_t* codes(std::size_t r) const {
    return reinterpret_cast<std::uint8_t*>(codes_.data() + r * code_stride_);
  }
  float& scale(std::size_t r) const { return scale_.floats()[r]; }
  float& zero(std::size_t r) const { return zero_.floats()[r]; }

  void set(std::size_t r, std::size_t i, float value) const {
    if (!has_bf16(*kernel_)) return void(reinterpret_cast<float*>(row(r))[i] = value);
    const auto bits = std::bit_cast<std::uint32_t>(rounded_to_bf16(value));
    reinterpret_cast<Bf16*>(row(r))[i] = {static_cast<std::uint16_t>(bits >> 16)};
  }
  float value(std::size_t r, std::size_t i) const {
    if (!has_bf16(*kernel_)) return reinterpret_cast<const float*>(row(r))[i];
    return std::bit_cast<float>(std::uint32_t{reinterpret_cast<const Bf16*>(row(r))[i].bits} << 16);
  }
  /// The value that products read.
  double read(std::size_t r, std::size_t i) const {
    if (is_split(*kernel_)) return static_cast<double>(half(r, i)) + half(r, width_ + i);
    if (!has_codes(*kernel_)) return value(r, i);
    return static_cast<double>(scale(r)) * codes(r)[i] + zero(r);
  }

  /// One half of a split float: high halves come first, then low ones.
  float half(std::size_t r, std::size_t i) const {
    return std::bit_cast<float>(std::uint32_t{reinterpret_cast<const Bf16*>(codes(r))[i].bits} << 16);
  }

  /// Sets every value of the rows, then their codes.
  template <typename Function>
  void fill(const Function& function) const {
    for (std::size_t r = 0; r < rows_; ++r) {
      for (std::size_t i = 0; i < width_; ++i) set(r, i, function(r, i));
    }
    if (kernel_->quantize_rows != nullptr) kernel_->quantize_rows(view(), 0, rows_, width_);
  }

  /// Rows outside of [first, first + count) become NaN.
  void poison_others(std::size_t first, std::size_t count) {
    const auto outside = [&](Bytes& bytes, std::size_t stride) {
      bytes.poison(0, first * stride);
      bytes.poison((first + count) * stride, (rows_ - first - count) * stride);
    };
    outside(values_, stride_);
    outside(codes_, code_stride_);
    outside(scale_, sizeof(float));
    outside(zero_, sizeof(float));
  }

  bool operator==(const TestRows& other) const {
    return values_ == other.values_ && codes_ == other.codes_ && scale_ == other.scale_ &&
           zero_ == other.zero_;
  }

 private:
  const EncoderKernel* kernel_;
  std::size_t rows_;
  std::size_t width_;
  std::size_t stride_;
  std::size_t code_stride_;
  Bytes values_;
  Bytes codes_;
  Bytes scale_;
  Bytes zero_;
};

}  // namespace cosimo::test
