// Queries rotated by one rotation, in codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/aligned_array.h"
#include "core/rotation/rotated_codes.h"
#include "core/rotation/rotation.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

class RotatedQueries {
 public:
  /// `queries`: finite floats, query after query, rotation.dimensions() each, aligned to kRowAlignment; there
  /// is room for a multiple of kRotatedRows. `rotation` outlives it. Throws std::bad_alloc.
  RotatedQueries(const Rotation& rotation, const float* queries, std::size_t count,
                 const SearchKernel& kernel);

  HeadQueries heads() const noexcept { return {heads_.size(), heads_.data(), head_stride_}; }

  const RecordQuery* records() const noexcept { return records_.data(); }

 private:
  void prepare(const Rotation& rotation, const float* query, const float* rotated);

  const std::size_t head_stride_;
  AlignedArray<std::int8_t> head_codes_;
  AlignedArray<std::int8_t> record_codes_;
  std::vector<HeadQuery> heads_;
  std::vector<RecordQuery> records_;
};

}  // namespace cosimo
