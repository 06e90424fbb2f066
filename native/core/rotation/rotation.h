// The matrix by which rows and queries are rotated.
#pragma once

#include <cstddef>
#include <span>

#include "core/base/aligned_array.h"
#include "kernels/search/rotated/rotated_kernel.h"

namespace cosimo {

/// Up to so many dimensions, sums of codes are exact as float32.
constexpr std::size_t kMaxRotatedDimensions = 1024;

/// P, the first rows of an orthogonal matrix, as float32. The first head_dimensions() of P·x carry most of
/// the norm of a row x, the other kRecordDimensions most of what is left; only these kept() ones are
/// computed. Immutable. docs/exact-search.md derives the errors, which are measured on the matrix as it is
/// stored.
class Rotation {
 public:
  /// `basis`: at least head + kRecordDimensions orthonormal vectors, one after another.
  /// Throws std::bad_alloc; Error invalid_argument unless `dimensions` is a multiple of kLanes, at most
  /// kMaxRotatedDimensions; `head` is a multiple of kHeadAlignment, longer than a lead, by at most half of
  /// the dimensions; head + kRecordDimensions ≤ dimensions; and the basis holds as many vectors.
  Rotation(std::size_t dimensions, std::size_t head, std::span<const double> basis);

  std::size_t dimensions() const noexcept { return matrix_.dimensions; }
  std::size_t head_dimensions() const noexcept { return matrix_.columns - kRecordDimensions; }
  std::size_t kept() const noexcept { return matrix_.columns; }
  const RotationMatrix& matrix() const noexcept { return matrix_; }

  /// ≥ ‖PPᵀ − I‖ in the Frobenius norm.
  double defect() const noexcept { return defect_; }
  /// ≥ ‖computed P·x − P·x‖ / ‖x‖.
  double rounding() const noexcept { return rounding_; }

  /// ≥ |q·x − (computed P·q)·(computed P·x) − the product of what is not kept| / (‖q‖ · ‖x‖). Infinite where
  /// P is far from orthogonal.
  double product_error() const noexcept;

  /// ‖what is not kept of x‖ at most, for ‖x‖ and the norm of the computed P·x.
  double norm_beyond(double norm, double kept_norm) const noexcept;

  std::size_t memory_bytes() const noexcept { return dimensions() * kept() * sizeof(float); }

 private:
  double measure_defect() const;

  AlignedArray<float> elements_;
  RotationMatrix matrix_;
  double defect_ = 0;
  double rounding_ = 0;
};

}  // namespace cosimo
