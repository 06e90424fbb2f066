// Rotated rows of every kernel: as near to a reference in double as core/rotation/rotation.h promises.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "core/base/aligned_array.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/kernels/tested_kernels.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

constexpr float kUntouched = 12345.5F;

// `value` gives the elements of the matrix and of the rows.
struct RotationCase {
  RotationCase(std::size_t row_dimensions, std::size_t column_count, std::size_t count, float (*value)())
      : dimensions(row_dimensions),
        columns(column_count),
        row_count(count),
        elements(filled(dimensions * columns, value)),
        rows(filled(row_count * dimensions, value)) {}

  static AlignedArray<float> filled(std::size_t count, float (*value)()) {
    AlignedArray<float> made = make_aligned_array<float>(count);
    std::generate_n(made.get(), count, value);
    return made;
  }

  std::size_t dimensions;
  std::size_t columns;
  std::size_t row_count;
  AlignedArray<float> elements;
  AlignedArray<float> rows;
};

// A term is rounded as a product, and in additions in its group and of the groups: as
// core/rotation/rotation.cpp counts them.
bool is_near(const RotationCase& made, std::size_t row, std::size_t column, float computed) {
  double exact = 0;
  double size = 0;
  for (std::size_t i = 0; i < made.dimensions; ++i) {
    const double product =
        static_cast<double>(made.elements[i * made.columns + column]) * made.rows[row * made.dimensions + i];
    exact += product;
    size += std::fabs(product);
  }
  const auto roundings = static_cast<double>(kRotationGroup + made.dimensions / kRotationGroup + 2);
  return std::fabs(computed - exact) <= roundings * 0x1p-24 * (1 + 0x1p-20) * size;
}

bool rotates(const SearchKernel& kernel, const RotationCase& made) {
  const std::size_t count = made.row_count * made.columns;
  std::vector<float> out(count + 16, kUntouched);
  kernel.rotated.rotate_rows({made.dimensions, made.columns, made.elements.get()}, made.rows.get(),
                             made.row_count, out.data());
  bool right = std::all_of(out.begin() + static_cast<std::ptrdiff_t>(count), out.end(),
                           [](float value) { return value == kUntouched; });
  for (std::size_t at = 0; at < count; ++at)
    right = right && is_near(made, at / made.columns, at % made.columns, out[at]);
  return right;
}

float random_small() { return random_normal() * 0.05F; }
float random_magnitude() { return random_value(RowKind::mixed_magnitudes); }
float one_tenth() { return 0.1F; }
float zero() { return 0.0F; }

void test_rotated_rows_are_near_the_reference(const SearchKernel& kernel) {
  bool right = true;
  for (std::size_t dimensions = 1; dimensions <= 400; dimensions += is_brief() ? 23 : 3) {
    const std::size_t columns = kRotatedColumns * (1 + dimensions % 4);
    const std::size_t rows = kRotatedRows * (dimensions % 4);
    const auto value = dimensions % 2 == 0 ? random_small : random_magnitude;
    right = right && rotates(kernel, RotationCase(dimensions, columns, rows, value));
  }
  CHECK(right);
  for (const std::size_t dimensions : {31, 32, 33, 63, 64, 65, 384, 768, 1024})
    CHECK(rotates(kernel, RotationCase(dimensions, 2 * kRotatedColumns, 2 * kRotatedRows, zero)));
}

// Terms of equal sign and size: added one after another, they would be off by more than is promised.
void test_long_sums_stay_near(const SearchKernel& kernel) {
  for (const std::size_t dimensions : {4096, 16383, 16384})
    CHECK(rotates(kernel, RotationCase(dimensions, kRotatedColumns, kRotatedRows, one_tenth)));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_rotated_rows_are_near_the_reference, test_long_sums_stay_near);
}
