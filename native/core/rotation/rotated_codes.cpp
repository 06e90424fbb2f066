#include "core/rotation/rotated_codes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/aligned_array.h"
#include "core/base/rounded_up.h"
#include "core/rotation/norms.h"

namespace cosimo {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A float32 number ≥ `value` ≥ 0 whose lower half is zero.
float half_above(double value) noexcept {
  const float above = rounded_up(value);
  if (!std::isfinite(above)) return kInfinity;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(above) + 0xffffU) & 0xffff0000U);
}

void write_half(float value, std::uint8_t* out) noexcept {
  const auto half = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  std::memcpy(out, &half, sizeof half);
}

// 2⁻¹⁰⁰: its lower half is zero.
constexpr float kMinScale = 0x1p-100F;

// A part of a row in codes.
struct Coded {
  float scale = 0;
  double residual = 0;      // ≥ ‖values − decoded values‖
  double decoded_norm = 0;  // ≥ ‖decoded values‖
};

// codes[i] − offset times the scale is the decoded value; codes are from 0 to `most`. The scale is so large
// that every value is within 0.501 of it of a decoded one.
Coded quantize(const float* values, std::size_t count, float offset, std::int32_t most,
               std::uint8_t* codes) noexcept {
  const float largest = largest_magnitude({values, count});
  if (largest == 0) {
    std::fill_n(codes, count, std::uint8_t{0});
    return {};
  }
  // 1.001 leaves room for the rounding of the quotients. The reciprocal is finite.
  const float scale =
      std::max(kMinScale, half_above(1.001 * largest / (static_cast<float>(most) - offset + 0.5F)));
  const float inverse = 1 / scale;
  double error_squares = 0;
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // Truncation rounds to the nearest code, since what is truncated is positive.
    const auto code = std::clamp(static_cast<std::int32_t>(values[i] * inverse + offset + 0.5F), 0, most);
    codes[i] = static_cast<std::uint8_t>(code);
    const double decoded = static_cast<double>(scale) * (static_cast<float>(code) - offset);
    squares += decoded * decoded;
    error_squares += (values[i] - decoded) * (values[i] - decoded);
  }
  return {scale, std::sqrt(error_squares) * kNormUp, std::sqrt(squares) * kNormUp};
}

// Where nibble `dimension` of row `row` lies in lines of a block.
void put_nibble(std::uint8_t nibble, std::size_t row, std::size_t dimension, std::uint8_t* lines) noexcept {
  const std::size_t in_line = dimension % kLineDimensions;
  std::uint8_t& pair = lines[dimension / kLineDimensions * kLineBytes + 4 * row + in_line % 4];
  pair = static_cast<std::uint8_t>(pair | (in_line < 4 ? nibble : nibble << 4));
}

// Makes the codes of one row after another.
class RowCoder {
 public:
  RowCoder(const Rotation& rotation)
      : rotation_(rotation), head_(rotation.head_dimensions()), codes_(rotation.kept()) {}

  // `block`: the lines and numbers of the row's block, all zero but for rows before.
  void make(const float* row, const float* rotated, std::size_t in_block, std::uint8_t* block,
            std::uint8_t* record) noexcept {
    const std::size_t n = rotation_.dimensions();
    const double norm = norm_above({row, n});
    std::uint8_t* numbers = block + lines_of_head(head_) * kLineBytes + 2 * in_block;
    if (!can_be_coded(largest_magnitude({row, n}))) {
      write_half(kInfinity, numbers + 64);  // such a row always passes
      write_half(kInfinity, record + kRecordNibbleBytes + 2);
      return;
    }
    const std::size_t rest = head_ - kLeadDimensions;
    const Coded lead = quantize(rotated, kLeadDimensions, 128, 255, codes_.data());
    const Coded low = quantize(rotated + kLeadDimensions, rest, 7.5F, 15, codes_.data() + kLeadDimensions);
    const Coded tail = quantize(rotated + head_, kRecordDimensions, 7.5F, 15, codes_.data() + head_);
    const double beyond = rotation_.norm_beyond(norm, norm_above({rotated, rotation_.kept()}));
    const double record_norm = norm_above({rotated + head_, kRecordDimensions});
    write_head(in_block, block);
    write_half(lead.scale, numbers);
    write_half(low.scale, numbers + 32);
    write_half(half_above(low.residual), numbers + 64);
    const float beyond_head = half_above(std::hypot(record_norm, beyond) * kNormUp);
    write_half(beyond_head, numbers + 96);
    write_record(record);
    write_half(tail.scale, record + kRecordNibbleBytes);
    write_half(half_above(tail.residual), record + kRecordNibbleBytes + 2);
    write_half(half_above(beyond), record + kRecordNibbleBytes + 4);
    write_half(beyond_head, record + kRecordNibbleBytes + 6);
    norm_ = std::max({norm_, norm, std::hypot(lead.decoded_norm, low.decoded_norm), tail.decoded_norm});
  }

  float norm() const noexcept { return rounded_up(norm_ * kNormUp); }

 private:
  void write_head(std::size_t in_block, std::uint8_t* upper) const noexcept {
    std::uint8_t* lower = upper + kLeadDimensions / kLineDimensions * kLineBytes;
    std::uint8_t* rest = lower + kLeadDimensions / kLineDimensions * kLineBytes;
    for (std::size_t i = 0; i < kLeadDimensions; ++i) {
      put_nibble(codes_[i] >> 4, in_block, i, upper);
      put_nibble(codes_[i] & 15, in_block, i, lower);
    }
    for (std::size_t i = kLeadDimensions; i < head_; ++i)
      put_nibble(codes_[i], in_block, i - kLeadDimensions, rest);
  }

  void write_record(std::uint8_t* record) const noexcept {
    const std::uint8_t* codes = codes_.data() + head_;
    for (std::size_t i = 0; i < kRecordNibbleBytes; ++i)
      record[i] = static_cast<std::uint8_t>(codes[i] | codes[kRecordNibbleBytes + i] << 4);
  }

  const Rotation& rotation_;
  const std::size_t head_;
  std::vector<std::uint8_t> codes_;
  double norm_ = 0;
};

std::size_t bytes_of(const Rotation& rotation, std::size_t row_count) noexcept {
  return row_count / kBlockRows * RotatedCodes::head_block_bytes(rotation.head_dimensions()) +
         row_count * kRecordBytes;
}

}  // namespace

RotatedMemory::RotatedMemory(std::shared_ptr<const Rotation> with, std::size_t rows,
                             std::shared_ptr<std::atomic<std::size_t>> total)
    : rotation(std::move(with)),
      row_count(rows),
      allocator(bytes_of(*rotation, rows)),
      bytes(std::move(total)) {
  *bytes += rotation->memory_bytes();
}

RotatedMemory::~RotatedMemory() { *bytes -= rotation->memory_bytes(); }

RotatedCodes::RotatedCodes(std::shared_ptr<RotatedMemory> memory, const float* rows,
                           const SearchKernel& kernel)
    : memory_(std::move(memory)),
      codes_(static_cast<std::uint8_t*>(memory_->allocator.take())),
      records_(codes_ + memory_->row_count / kBlockRows * head_block_bytes(rotation().head_dimensions())) {
  *memory_->bytes += memory_->allocator.piece_bytes();
  try {
    const std::size_t n = rotation().dimensions();
    const AlignedArray<float> rotated = make_aligned_array<float>(kBlockRows * rotation().kept());
    RowCoder coder(rotation());
    std::memset(codes_, 0, bytes_of(rotation(), memory_->row_count));
    for (std::size_t row = 0; row < memory_->row_count; ++row) {
      const std::size_t in_block = row % kBlockRows;
      if (in_block == 0)
        kernel.rotated.rotate_rows(rotation().matrix(), rows + row * n, kBlockRows, rotated.get());
      coder.make(rows + row * n, rotated.get() + in_block * rotation().kept(), in_block,
                 codes_ + row / kBlockRows * head_block_bytes(rotation().head_dimensions()),
                 records_ + row * kRecordBytes);
    }
    norm_ = coder.norm();
  } catch (...) {
    *memory_->bytes -= memory_->allocator.piece_bytes();
    memory_->allocator.give_back(codes_);
    throw;
  }
}

RotatedCodes::~RotatedCodes() {
  *memory_->bytes -= memory_->allocator.piece_bytes();
  memory_->allocator.give_back(codes_);
}

}  // namespace cosimo
