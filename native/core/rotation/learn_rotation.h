// Learning a rotation from a sample of rows.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "core/base/aligned_array.h"
#include "core/rotation/rotation.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// Rows of other dimensions are never rotated: fewer gain nothing, and for more the matrices take too long.
constexpr bool can_be_rotated(std::size_t dimensions) noexcept {
  return dimensions % kLanes == 0 && dimensions >= 256 && dimensions <= kMaxRotatedDimensions;
}

/// The most rows that learning looks at.
constexpr std::size_t kMaxSampleRows = 8192;

/// Rows of `dimensions` floats each, aligned to kRowAlignment, all finite. `count` is a multiple of
/// kBlockRows.
struct RowSample {
  std::size_t dimensions;
  std::size_t count;
  AlignedArray<float> rows;
};

/// A rotation and the cost of a scan by it.
struct JudgedRotation {
  std::shared_ptr<const Rotation> rotation;  // null where learning was stopped
  double cost = 0;                           // as judge_rotation says
};

/// Makes heads of the directions in which the rows are longest, tries several lengths of heads, and returns
/// the one whose scans cost least. Takes about a second for 384 dimensions. Throws std::bad_alloc.
JudgedRotation learn_rotation(const RowSample& sample, const SearchKernel& kernel,
                              const std::atomic<bool>& stopping);

/// What a scan costs for each row and query, in bytes that are read in order: some rows of the sample are
/// searched for among the others. Throws std::bad_alloc.
double judge_rotation(const std::shared_ptr<const Rotation>& rotation, const RowSample& sample,
                      const SearchKernel& kernel);

/// The same of plain codes whose upper planes let no row pass.
constexpr double cost_of_plain_scan(std::size_t dimensions) noexcept {
  constexpr double kStatistics = 8;
  return static_cast<double>(dimensions) / 2 + kStatistics;
}

}  // namespace cosimo
