// What a rotation promises of its errors: measured in double, for rotations and rows of many kinds.
#include "core/rotation/rotation.h"

#include <cmath>
#include <span>
#include <vector>

#include "core/base/aligned_array.h"
#include "core/base/error.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/kernels/tested_kernels.h"
#include "support/rotation/random_rotation.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

double norm_of(std::span<const double> values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

std::vector<double> in_double(std::span<const float> values) { return {values.begin(), values.end()}; }

// P·x in double, with the matrix as it is stored.
std::vector<double> exact_image(const Rotation& rotation, std::span<const float> row) {
  std::vector<double> image(rotation.kept());
  for (std::size_t i = 0; i < rotation.dimensions(); ++i) {
    const float* elements = rotation.matrix().elements + i * rotation.kept();
    for (std::size_t j = 0; j < rotation.kept(); ++j) image[j] += static_cast<double>(elements[j]) * row[i];
  }
  return image;
}

// Rows of every kind that can be coded, and some that lie within what is kept, or outside of it.
std::vector<std::vector<float>> some_rows(const Rotation& rotation) {
  const std::size_t n = rotation.dimensions();
  std::vector<std::vector<float>> rows;
  for (const RowKind kind : {RowKind::normal, RowKind::zeros, RowKind::ones, RowKind::one_hot,
                             RowKind::barely_codable, RowKind::most_codable}) {
    for (int i = 0; i < 3; ++i) rows.push_back(random_row(kind, n));
  }
  const std::vector<float> normal = random_row(RowKind::normal, n);
  const std::vector<double> image = exact_image(rotation, normal);
  std::vector<float> inside(n);
  std::vector<float> outside(n);
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < rotation.kept(); ++j)
      sum += rotation.matrix().elements[i * rotation.kept() + j] * image[j];
    inside[i] = static_cast<float>(sum);
    outside[i] = static_cast<float>(normal[i] - sum);
  }
  rows.push_back(inside);
  rows.push_back(outside);
  return rows;
}

void test_errors_are_bounded(const SearchKernel& kernel) {
  for (const auto& [dimensions, head] :
       {std::pair<std::size_t, std::size_t>{144, 32}, {256, 64}, {384, 128}, {1024, 512}}) {
    if (is_emulated() && dimensions > 384) continue;
    const auto rotation = random_rotation(dimensions, head, random_bits);
    CHECK(rotation->head_dimensions() == head && rotation->kept() == head + kRecordDimensions);
    const std::vector<std::vector<float>> rows = some_rows(*rotation);
    const std::size_t room = (rows.size() + kRotatedRows - 1) / kRotatedRows * kRotatedRows;
    const auto values = make_aligned_array<float>(room * dimensions);
    std::fill_n(values.get(), room * dimensions, 0.0F);
    for (std::size_t at = 0; at < rows.size(); ++at)
      std::copy(rows[at].begin(), rows[at].end(), values.get() + at * dimensions);
    const auto rotated = make_aligned_array<float>(room * rotation->kept());
    kernel.rotated.rotate_rows(rotation->matrix(), values.get(), room, rotated.get());
    double largest_error = 0;
    bool are_norms_right = true;
    for (std::size_t at = 0; at < rows.size(); ++at) {
      const std::span<const float> computed(rotated.get() + at * rotation->kept(), rotation->kept());
      std::vector<double> difference = exact_image(*rotation, rows[at]);
      const double kept = norm_of(difference);
      for (std::size_t j = 0; j < computed.size(); ++j) difference[j] -= computed[j];
      const double norm = norm_of(in_double(rows[at]));
      if (norm > 0) largest_error = std::max(largest_error, norm_of(difference) / norm);
      // What is not kept, but for the defect: ‖x‖² − ‖P·x‖² is its square.
      const double beyond = rotation->norm_beyond(norm, norm_of(in_double(computed)));
      const double true_beyond =
          std::sqrt(std::max(0.0, norm * norm - kept * kept / (1 + rotation->defect())));
      are_norms_right = are_norms_right && beyond >= true_beyond && beyond <= true_beyond + 0.05 * norm;
    }
    CHECK(largest_error <= rotation->rounding());
    CHECK(rotation->rounding() < 4e-4);
    CHECK(are_norms_right);
  }
}

// The Frobenius norm of PPᵀ − I, in double.
double true_defect(const Rotation& rotation) {
  double squares = 0;
  for (std::size_t j = 0; j < rotation.kept(); ++j) {
    for (std::size_t k = 0; k < rotation.kept(); ++k) {
      double sum = j == k ? -1 : 0;
      for (std::size_t i = 0; i < rotation.dimensions(); ++i) {
        const float* elements = rotation.matrix().elements + i * rotation.kept();
        sum += static_cast<double>(elements[j]) * elements[k];
      }
      squares += sum * sum;
    }
  }
  return std::sqrt(squares);
}

void test_defect_is_measured() {
  std::vector<double> basis = random_basis(256, 64 + kRecordDimensions, random_bits);
  const Rotation rotation(256, 64, basis);
  CHECK(rotation.defect() >= true_defect(rotation) * (1 - 1e-12) && rotation.defect() < 1e-5);
  // Two vectors that are not orthogonal.
  for (std::size_t i = 0; i < 256; ++i) basis[i] = 0.9 * basis[i] + 0.1 * basis[256 + i];
  const Rotation skewed(256, 64, basis);
  CHECK(skewed.defect() >= true_defect(skewed) * (1 - 1e-12));
  CHECK(skewed.defect() > 0.1 && skewed.defect() < 1);
}

// From a defect of a half on there is no bound, and from 1 on the formula would be negative.
void test_a_matrix_far_from_orthogonal_has_no_bound() {
  const std::vector<double> basis = random_basis(256, 64 + kRecordDimensions, random_bits);
  const auto with_first_longer = [&basis](double by) {
    std::vector<double> longer = basis;
    for (std::size_t i = 0; i < 256; ++i) longer[i] *= by;
    return Rotation(256, 64, longer);
  };
  const Rotation near = with_first_longer(std::sqrt(1.49));  // the defect is the excess of its square
  CHECK(near.defect() < 0.5 && near.product_error() >= 0.49 * 1.49 / 0.51 && near.product_error() < 1.5);
  for (const double square : {1.51, 1.99, 2.01, 100.0}) {
    const Rotation far = with_first_longer(std::sqrt(square));
    CHECK(far.defect() >= 0.5 && far.product_error() == kInfinity);
  }
}

bool is_refused(std::size_t dimensions, std::size_t head, std::span<const double> basis) {
  return throws<Error>([&] { Rotation(dimensions, head, basis); },
                       [](const Error& error) { return error.code() == ErrorCode::invalid_argument; });
}

void test_what_kernels_and_proof_rely_on_is_checked() {
  const std::vector<double> basis(2048 * 2048);
  CHECK(!is_refused(256, 32, basis) && !is_refused(256, 144, basis) && !is_refused(1024, 528, basis));
  CHECK(is_refused(256, 40, basis) && is_refused(256, 0, basis));      // not whole lines, or none
  CHECK(is_refused(256, kLeadDimensions, basis));                      // a lead without a rest
  CHECK(is_refused(384, 224, basis) && !is_refused(384, 208, basis));  // the rest is more than half
  CHECK(is_refused(144, 48, basis) && !is_refused(144, 32, basis));    // head and record are more than all
  CHECK(is_refused(264, 32, basis) && is_refused(1040, 32, basis));
  const std::span<const double> whole(basis.data(), (64 + kRecordDimensions) * 256);
  CHECK(!is_refused(256, 64, whole) && is_refused(256, 64, whole.first(whole.size() - 1)));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  test_defect_is_measured();
  test_a_matrix_far_from_orthogonal_has_no_bound();
  test_what_kernels_and_proof_rely_on_is_checked();
  for_each_tested_kernel(test_errors_are_bounded);
  return finish();
}
