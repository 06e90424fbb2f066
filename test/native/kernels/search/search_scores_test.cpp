// Exact scores of every kernel: close to a reference in long double, and the same bits as the scalar
// kernel's.
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/aligned_array.h"
#include "core/index/chunk_layout.h"
#include "core/search/top_k.h"
#include "kernels/search/search_dispatch.h"
#include "support/check.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

std::mt19937_64 random_bits;

float random_normal() { return std::normal_distribution<float>()(random_bits); }

float random_finite() {
  for (;;) {
    const auto bits = static_cast<std::uint32_t>(random_bits());
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) return value;
  }
}

float random_denormal() {
  return std::numeric_limits<float>::denorm_min() * static_cast<float>(random_bits() % 8388607);
}

float random_extreme() {
  const float choices[] = {0.0F,
                           -0.0F,
                           1.0F,
                           std::numeric_limits<float>::max(),
                           std::numeric_limits<float>::lowest(),
                           std::numeric_limits<float>::min(),
                           std::numeric_limits<float>::denorm_min()};
  return choices[random_bits() % std::size(choices)];
}

float zero() { return 0.0F; }

struct Case {
  std::size_t dimensions;
  std::size_t row_count;
  std::size_t stride;
  AlignedArray<double> query;
  AlignedArray<float> rows;
};

Case make_case(std::size_t dimensions, std::size_t row_count, float (*value)()) {
  const std::size_t stride = padded_stride(dimensions);
  Case made{dimensions, row_count, stride, make_aligned_array<double>(stride),
            make_aligned_array<float>(stride * row_count)};
  for (std::size_t i = 0; i < stride; ++i)
    made.query[i] = i < dimensions ? static_cast<double>(value()) : 0.0;
  for (std::size_t row = 0; row < row_count; ++row) {
    for (std::size_t i = 0; i < stride; ++i) made.rows[row * stride + i] = i < dimensions ? value() : 0.0F;
  }
  // Duplicates: the last row equals the first.
  std::memcpy(&made.rows[(row_count - 1) * stride], &made.rows[0], stride * sizeof(float));
  return made;
}

// |sum − exact| is bounded by the roundings of dimensions additions in double.
bool near_reference(const Case& made, std::size_t row, double sum) {
  long double exact = 0;
  long double magnitude = 0;
  for (std::size_t i = 0; i < made.dimensions; ++i) {
    const long double product = static_cast<long double>(made.query[i]) * made.rows[row * made.stride + i];
    exact += product;
    magnitude += std::fabs(product);
  }
  const long double bound = magnitude * static_cast<long double>(made.dimensions + 1) * 0x1p-53L;
  return std::fabs(sum - exact) <= bound;
}

bool kernel_agrees(const SearchKernel& kernel, const Case& made) {
  std::vector<double> sums(made.row_count + 1, 77.0);
  std::vector<double> scalar(made.row_count);
  kernel.score_rows(made.query.get(), made.rows.get(), made.row_count, made.stride, sums.data());
  kScalarSearchKernel.score_rows(made.query.get(), made.rows.get(), made.row_count, made.stride,
                                 scalar.data());
  bool agrees = sums.back() == 77.0;  // nothing is written past the end
  agrees = agrees && std::memcmp(sums.data(), scalar.data(), made.row_count * sizeof(double)) == 0;
  agrees = agrees && sums[0] == sums[made.row_count - 1];
  for (std::size_t row = 0; row < made.row_count; ++row)
    agrees = agrees && near_reference(made, row, sums[row]);
  return agrees;
}

void test_scores_match_the_reference(const SearchKernel& kernel) {
  std::printf("kernel %s\n", kernel.name);
  bool normal = true;
  for (std::size_t dimensions = 1; dimensions <= 1024; dimensions += is_emulated() ? 7 : 1) {
    normal = normal && kernel_agrees(kernel, make_case(dimensions, 1 + dimensions % 9, random_normal));
  }
  CHECK(normal);
  for (const auto value : {zero, random_finite, random_denormal, random_extreme}) {
    for (const std::size_t dimensions : {1, 2, 15, 16, 17, 31, 33, 384, 385, 768, 1023, 1024}) {
      for (std::size_t row_count = 1; row_count <= 9; ++row_count) {
        CHECK(kernel_agrees(kernel, make_case(dimensions, row_count, value)));
      }
    }
  }
}

void test_no_rows_write_nothing(const SearchKernel& kernel) {
  const Case made = make_case(5, 1, random_normal);
  double sum = 77.0;
  kernel.score_rows(made.query.get(), made.rows.get(), 0, made.stride, &sum);
  CHECK(sum == 77.0);
}

void test_scores_are_rounded_once_and_stay_finite() {
  const double largest = std::numeric_limits<float>::max();
  CHECK(round_score(1e300) == std::numeric_limits<float>::max());
  CHECK(round_score(-1e300) == std::numeric_limits<float>::lowest());
  CHECK(round_score(std::nextafter(largest, 1e300)) == std::numeric_limits<float>::max());
  CHECK(round_score(1.0 + 0x1p-24) == 1.0F);  // halfway: to even
  CHECK(round_score(1.0 + 0x1.8p-24) == std::nextafter(1.0F, 2.0F));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  for (const cosimo::SearchKernel* kernel : cosimo::available_search_kernels()) {
    test_scores_match_the_reference(*kernel);
    test_no_rows_write_nothing(*kernel);
  }
  test_scores_are_rounded_once_and_stay_finite();
  return finish();
}
