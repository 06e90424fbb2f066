// A query as kernels want it.
#pragma once

#include <cstddef>
#include <span>

#include "core/base/aligned_buffer.h"
#include "kernels/search/kernel.h"

namespace cosimo {

/// Bytes from one query's codes to the next.
constexpr std::size_t code_stride(std::size_t dimensions) noexcept {
  return (dimensions + kQueryCodeAlignment - 1) / kQueryCodeAlignment * kQueryCodeAlignment;
}

/// Doubles for exact scores, zero-padded to whole lines, and codes for bounds. Immutable, so safe from every
/// thread.
class PreparedQuery {
 public:
  /// Copies. Throws Error not_finite, std::bad_alloc.
  explicit PreparedQuery(std::span<const float> query);

  const double* data() const noexcept { return values_.get(); }
  std::size_t dimensions() const noexcept { return dimensions_; }
  std::size_t stride() const noexcept { return padded_stride(dimensions_); }
  const CodeQuery& codes() const noexcept { return code_query_; }

 private:
  void encode(std::span<const float> query) noexcept;

  std::size_t dimensions_;
  AlignedArray<double> values_;
  AlignedArray<std::int8_t> codes_;
  CodeQuery code_query_{};
};

}  // namespace cosimo
