#include "core/rotation/rotation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {
namespace {

static_assert(kRecordDimensions % kRotatedColumns == 0 && kHeadAlignment % kRotatedColumns == 0);

// Covers the rounding of what is measured in double.
constexpr double kUp = 1 + 0x1p-20;

// Kernels and the proof rely on all of these.
std::size_t checked_head(std::size_t dimensions, std::size_t head, std::span<const double> basis) {
  const bool are_rows_whole = dimensions % kLanes == 0 && dimensions <= kMaxRotatedDimensions;
  const bool is_head_right = head % kHeadAlignment == 0 && head > kLeadDimensions &&
                             head - kLeadDimensions <= dimensions / 2 &&
                             head + kRecordDimensions <= dimensions;
  if (!are_rows_whole || !is_head_right)
    throw Error(ErrorCode::invalid_argument, "Rows of " + std::to_string(dimensions) +
                                                 " dimensions have no rotation with a head of " +
                                                 std::to_string(head));
  if (basis.size() < dimensions * (head + kRecordDimensions))
    throw Error(ErrorCode::invalid_argument, "The basis of a rotation has too few vectors");
  return head;
}

}  // namespace

Rotation::Rotation(std::size_t dimensions, std::size_t head, std::span<const double> basis)
    : elements_(make_aligned_array<float>(dimensions *
                                          (checked_head(dimensions, head, basis) + kRecordDimensions))),
      matrix_{dimensions, head + kRecordDimensions, elements_.get()} {
  double squares = 0;
  for (std::size_t j = 0; j < kept(); ++j) {
    for (std::size_t i = 0; i < dimensions; ++i) {
      const auto element = static_cast<float>(basis[j * dimensions + i]);
      elements_[i * kept() + j] = element;
      squares += static_cast<double>(element) * element;
    }
  }
  defect_ = measure_defect();
  // A term takes part in kRotationGroup + dimensions / kRotationGroup additions at most, after one product.
  const auto roundings = static_cast<double>(kRotationGroup + dimensions / kRotationGroup + 2);
  rounding_ = roundings * 0x1p-24 * kUp * std::sqrt(squares);
}

double Rotation::product_error() const noexcept {
  if (defect_ >= 0.5) return std::numeric_limits<double>::infinity();
  const double by_defect = defect_ * (1 + defect_) / (1 - defect_);
  return (by_defect + rounding_ * (2 * (1 + defect_) + rounding_)) * kUp;
}

double Rotation::norm_beyond(double norm, double kept_norm) const noexcept {
  const double kept = std::max(0.0, kept_norm - rounding_ * norm);
  return std::sqrt(std::max(0.0, norm * norm * kUp - kept * kept / (1 + defect_))) * kUp;
}

double Rotation::measure_defect() const {
  const std::size_t n = dimensions();
  std::vector<double> rows(kept() * n);
  for (std::size_t j = 0; j < kept(); ++j) {
    for (std::size_t i = 0; i < n; ++i) rows[j * n + i] = elements_[i * kept() + j];
  }
  double squares = 0;
  for (std::size_t j = 0; j < kept(); ++j) {
    for (std::size_t k = 0; k < kept(); ++k) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::size_t i = 0; i < n; ++i) sum += rows[j * n + i] * rows[k * n + i];
      const double difference = sum - (j == k ? 1 : 0);
      squares += difference * difference;
    }
  }
  // The products are exact. A sum is wrong by at most n · 2⁻⁵³ of its terms' size, which is at most 2, and
  // there are kept()² of them.
  const double lost = 2 * static_cast<double>(n * kept()) * 0x1p-53;
  return std::sqrt(squares) * kUp + lost;
}

}  // namespace cosimo
