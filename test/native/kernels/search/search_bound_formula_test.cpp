// The formula around the sums of products in every kernel's bounds, and its special values.
#include <limits>

#include "support/check.h"
#include "support/kernels/bound_case.h"
#include "support/kernels/tested_kernels.h"

namespace cosimo::test {
namespace {

struct Bound {
  long double value;
  long double size;  // of all its terms
};

Bound bound_of(std::int64_t product, float scale, float residual, const CodeQuery& query, float norm) {
  const long double terms[] = {static_cast<long double>(product) * scale * query.scale,
                               static_cast<long double>(query.norm) * residual,
                               static_cast<long double>(query.error) * norm};
  return {terms[0] + terms[1] + terms[2], std::fabs(terms[0]) + terms[1] + terms[2]};
}

// All scales, residuals and norms differ, so that a kernel that takes numbers of another row or plane fails.
void test_each_row_has_its_own_bound(const SearchKernel& kernel) {
  constexpr std::size_t kQueries = 9;
  BoundCase made(100, 2, kQueries, random_code);
  const auto positive = [] { return 0.5F + static_cast<float>(random_below(1024)) / 1024.0F; };
  for (std::size_t row = 0; row < made.rows.row_count(); ++row) {
    made.rows.scale()[row] = positive();
    made.rows.upper_scale()[row] = random_sign(positive());
    made.rows.residual()[row] = positive() * 1e4F;
    made.rows.upper_residual()[row] = positive() * 1e5F;
  }
  for (std::size_t block = 0; block < 2; ++block) made.rows.norm()[block] = positive() * 1e3F;
  for (std::size_t query = 0; query < kQueries; ++query) {
    CodeQuery& of = made.queries.query(query);
    of = {of.codes, of.code_sum, positive(), positive(), positive() * 10};
  }
  bool upper = true;
  bool whole = true;
  bool many = true;
  for (std::size_t query = 0; query < kQueries; ++query) {
    const CodeQuery& of = made.queries.query(query);
    for (std::size_t row = 0; row < made.rows.row_count(); ++row) {
      const std::size_t block = row / kBlockRows;
      const unsigned bit = 1U << row % kBlockRows;
      const auto passes = [&](const Bound& bound, int slack, auto&& call) {
        const auto threshold = static_cast<float>(bound.value + slack * 0x1p-20L * bound.size);
        return (call(threshold) & bit) != 0;
      };
      const auto through = [&](BoundBlocks* function) {
        return [&made, &of, function, block](float threshold) {
          std::uint16_t passed = 0;
          function(of, made.rows.view(), block, 1, threshold, &passed);
          return passed;
        };
      };
      const auto together = [&](float threshold) {
        std::uint16_t passed[kQueries * kMaxBlocks] = {};
        const std::vector<float> thresholds(kQueries, threshold);
        kernel.bound_many(made.queries.view(kQueries), made.rows.view(), 0, 2, thresholds.data(),
                          made.queries.scratch(), passed);
        return passed[query * kMaxBlocks + block];
      };
      const float norm = made.rows.norm()[block];
      const Bound by_upper = bound_of(made.of(query, row).upper, made.rows.upper_scale()[row],
                                      made.rows.upper_residual()[row], of, norm);
      const Bound by_both =
          bound_of(made.of(query, row).whole, made.rows.scale()[row], made.rows.residual()[row], of, norm);
      upper = upper && passes(by_upper, -1, through(kernel.bound_upper)) &&
              !passes(by_upper, 1, through(kernel.bound_upper));
      whole = whole && passes(by_both, -1, through(kernel.bound_whole)) &&
              !passes(by_both, 1, through(kernel.bound_whole));
      many = many && passes(by_both, -1, together) && !passes(by_both, 1, together);
    }
  }
  CHECK(upper);
  CHECK(whole);
  CHECK(many);
}

// Whether each function gives the `expected` bits for the only block, with the same threshold for all
// queries.
bool all_bounds_are(const SearchKernel& kernel, BoundCase& made, float threshold, std::uint16_t expected) {
  const std::size_t count = made.queries.count();
  const std::vector<float> thresholds(count, threshold);
  std::vector<std::uint16_t> passed(count * kMaxBlocks);
  kernel.bound_many(made.queries.view(count), made.rows.view(), 0, 1, thresholds.data(),
                    made.queries.scratch(), passed.data());
  bool right = true;
  for (std::size_t query = 0; query < count; ++query) {
    std::uint16_t upper = 0;
    std::uint16_t whole = 0;
    kernel.bound_upper(made.queries.query(query), made.rows.view(), 0, 1, threshold, &upper);
    kernel.bound_whole(made.queries.query(query), made.rows.view(), 0, 1, threshold, &whole);
    right = right && upper == expected && whole == expected && passed[query * kMaxBlocks] == expected;
  }
  return right;
}

void test_infinity_and_nan_count_as_reaching(const SearchKernel& kernel) {
  constexpr std::uint16_t kOdd = 0xaaaa;
  for (const std::size_t query_count : {1, 20}) {
    BoundCase made(40, 1, query_count, random_code);
    CHECK(all_bounds_are(kernel, made, -kInfinity, 0xffff));
    CHECK(all_bounds_are(kernel, made, kInfinity, 0));
    for (std::size_t query = 0; query < query_count; ++query) made.queries.query(query).norm = 1.0F;
    for (std::size_t row = 1; row < kBlockRows; row += 2) {
      made.rows.residual()[row] = kInfinity;
      made.rows.upper_residual()[row] = kInfinity;
    }
    CHECK(all_bounds_are(kernel, made, kMax, kOdd));
    CHECK(all_bounds_are(kernel, made, kInfinity, kOdd));
    for (std::size_t row = 0; row < kBlockRows; row += 2) {
      made.rows.scale()[row] = std::numeric_limits<float>::quiet_NaN();
      made.rows.upper_scale()[row] = std::numeric_limits<float>::quiet_NaN();
    }
    CHECK(all_bounds_are(kernel, made, kInfinity, 0xffff));
    std::fill_n(made.rows.scale(), kBlockRows, 1.0F);
    std::fill_n(made.rows.upper_scale(), kBlockRows, 1.0F);
    // A query that can't be coded: infinity times a residual of zero is NaN.
    for (std::size_t query = 0; query < query_count; ++query) made.queries.query(query).norm = kInfinity;
    CHECK(all_bounds_are(kernel, made, kInfinity, 0xffff));
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_each_row_has_its_own_bound, test_infinity_and_nan_count_as_reaching);
}
