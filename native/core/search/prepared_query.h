// A query in the form that kernels read.
#pragma once

#include <cstddef>
#include <span>

#include "core/base/aligned_array.h"
#include "core/index/chunk_layout.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// How many bytes lie from the codes of one query to the codes of the next.
constexpr std::size_t code_stride(std::size_t dimensions) noexcept {
  return (dimensions + kQueryCodeAlignment - 1) / kQueryCodeAlignment * kQueryCodeAlignment;
}

/// The query as doubles, for exact scores, and as codes, for bounds; both zero-padded. Immutable.
class PreparedQuery {
 public:
  /// Copies the query. Throws Error not_finite, std::bad_alloc.
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
