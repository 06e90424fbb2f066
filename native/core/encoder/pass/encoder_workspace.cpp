#include "core/encoder/pass/encoder_workspace.h"

#include <algorithm>

namespace cosimo {
namespace {

// The most bytes between the two products of a layer's feed-forward half. An L2 cache has a megabyte or two,
// and weights pass through it too.
constexpr std::size_t kChunkBytes = std::size_t{720} << 10;
constexpr std::size_t kMaxChunkRows = 240;

// One cache line more than needed: strides that are multiples of 4 KiB map rows to the same cache sets.
std::size_t stride_of(std::size_t row_bytes) noexcept {
  return (row_bytes + kEncoderAlignment - 1) / kEncoderAlignment * kEncoderAlignment + kEncoderAlignment;
}

// Either counts bytes, or hands out pieces of a buffer: the layout is written once.
class Layout {
 public:
  explicit Layout(std::byte* memory) noexcept : memory_(memory) {}

  std::byte* take(std::size_t bytes) noexcept {
    std::byte* piece = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += (bytes + kEncoderAlignment - 1) / kEncoderAlignment * kEncoderAlignment;
    return piece;
  }

  ActivationRows take_rows(const EncoderKernel& kernel, std::size_t rows, std::size_t width,
                           bool has_codes) noexcept {
    ActivationRows taken{};
    taken.stride = stride_of(width * kernel.activation_bytes);
    taken.values = take((rows + kSpareRows) * taken.stride);
    if (has_codes && kernel.code_bytes > 0) take_codes(kernel, rows, width, taken);
    return taken;
  }

  void take_codes(const EncoderKernel& kernel, std::size_t rows, std::size_t width,
                  ActivationRows& to) noexcept {
    to.code_stride = stride_of(width * kernel.code_bytes);
    to.codes = take((rows + kSpareRows) * to.code_stride);
    to.scale = reinterpret_cast<float*>(take((rows + kSpareRows) * sizeof(float)));
    to.zero = reinterpret_cast<float*>(take((rows + kSpareRows) * sizeof(float)));
  }

  std::size_t used() const noexcept { return used_; }

 private:
  std::byte* memory_;
  std::size_t used_ = 0;
};

}  // namespace

std::size_t EncoderWorkspace::chunk_rows() const noexcept {
  const EncoderKernel& kernel = weights_.kernel();
  const std::size_t row_bytes = weights_.model().intermediate_size * kernel.activation_bytes;
  const std::size_t rows =
      std::min(kMaxChunkRows, kChunkBytes / row_bytes) / kernel.tile_rows * kernel.tile_rows;
  return std::max(rows, kernel.tile_rows);
}

void EncoderWorkspace::reserve(std::size_t rows) {
  if (rows <= rows_) return;
  const EncoderKernel& kernel = weights_.kernel();
  const std::size_t width = weights_.model().hidden_size;
  const auto lay_out = [&](std::byte* memory) {
    Layout layout(memory);
    float_stride_ = stride_of(width * sizeof(float));
    floats_ = reinterpret_cast<float*>(layout.take((rows + kSpareRows) * float_stride_));
    if (kernel.activation_bytes == sizeof(float)) {  // floats are their own activations
      hidden_ = {floats_, float_stride_, nullptr, 0, nullptr, nullptr};
      if (kernel.code_bytes > 0) layout.take_codes(kernel, rows, width, hidden_);
    } else {
      hidden_ = layout.take_rows(kernel, rows, width, true);
    }
    qkv_ = layout.take_rows(kernel, rows, 3 * width, false);
    context_ = layout.take_rows(kernel, rows, width, true);
    intermediate_ =
        layout.take_rows(kernel, std::min(rows, chunk_rows()), weights_.model().intermediate_size, true);
    return layout.used();
  };
  rows_ = 0;  // until there is memory
  buffer_.reset();
  const std::size_t bytes = lay_out(nullptr);
  buffer_ = std::make_unique<HugeBuffer>(bytes);
  lay_out(buffer_->data());
  positions_.reserve(rows);  // so that filling them can't fail
  starts_.reserve(rows);
  rows_ = rows;
}

ActivationRows rows_from(const ActivationRows& rows, std::size_t first) noexcept {
  ActivationRows from = rows;
  from.values = static_cast<std::byte*>(rows.values) + first * rows.stride;
  if (rows.codes == nullptr) return from;
  from.codes = static_cast<std::byte*>(rows.codes) + first * rows.code_stride;
  from.scale = rows.scale + first;
  from.zero = rows.zero + first;
  return from;
}

}  // namespace cosimo
