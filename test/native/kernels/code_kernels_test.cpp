// The bounds of every kernel against plain arithmetic: sums of products to the last unit, the formula around
// them, and which bits are written.
#include <array>
#include <initializer_list>

#include "support/check.h"
#include "support/random_rows.h"
#include "support/reference_codes.h"
#include "support/tested_kernels.h"

namespace cosimo::test {
namespace {

constexpr std::uint16_t kUntouched = 0xa5a5;

std::int32_t random_code() { return static_cast<std::int32_t>(random_below(255)) - 127; }
std::int32_t random_extreme_code() { return random_below(2) == 0 ? 127 : -127; }

// Rows and queries whose bound is their sum of products.
struct Case {
  Case(std::size_t dimensions, std::size_t blocks, std::size_t query_count, std::int32_t (*code)())
      : rows(dimensions, blocks), queries(dimensions, query_count) {
    for (std::size_t i = 0; i < dimensions; ++i) {
      for (std::size_t row = 0; row < rows.row_count(); ++row) rows.set_code(row, i, code());
      for (std::size_t query = 0; query < query_count; ++query) queries.set_code(query, i, code());
    }
    std::fill_n(rows.scale(), rows.row_count(), 1.0F);
    std::fill_n(rows.upper_scale(), rows.row_count(), 1.0F);
    multiply();
  }

  void multiply() {
    products.clear();
    for (std::size_t query = 0; query < queries.count(); ++query) {
      for (std::size_t row = 0; row < rows.row_count(); ++row)
        products.push_back(products_of(queries, query, rows, row));
    }
  }

  const Products& of(std::size_t query, std::size_t row) const {
    return products[query * rows.row_count() + row];
  }

  CodeStore rows;
  QueryStore queries;
  std::vector<Products> products;
};

std::uint16_t expected_bits(const Case& made, std::size_t query, std::size_t block, float threshold,
                            std::int64_t Products::*sum) {
  unsigned bits = 0;
  for (std::size_t row = 0; row < kBlockRows; ++row) {
    const std::int64_t product = made.of(query, block * kBlockRows + row).*sum;
    if (static_cast<float>(product) >= threshold) bits |= 1U << row;
  }
  return static_cast<std::uint16_t>(bits);
}

// With a row's exact sum for a threshold it passes, with the next float it does not.
std::array<float, 2> thresholds_at(std::int64_t product) {
  const auto exact = static_cast<float>(product);
  return {exact, std::nextafter(exact, kInfinity)};
}

bool bounds_one(const Case& made, BoundBlocks* bound, std::int64_t Products::*sum, std::size_t query,
                std::size_t first, std::size_t count, float threshold) {
  std::vector<std::uint16_t> passed(count + 3, kUntouched);
  bound(made.queries.view(query + 1).queries[query], made.rows.view(), first, count, threshold,
        passed.data());
  bool right = passed[count] == kUntouched && passed[count + 1] == kUntouched;
  for (std::size_t b = 0; b < count; ++b)
    right = right && passed[b] == expected_bits(made, query, first + b, threshold, sum);
  return right;
}

bool bounds_each_row(const Kernel& kernel, const Case& made, std::size_t query, std::size_t row) {
  bool right = true;
  const std::size_t first = row / kBlockRows;
  const std::size_t count = made.rows.blocks() - first;
  for (const float threshold : thresholds_at(made.of(query, row).upper))
    right = right && bounds_one(made, kernel.bound_upper, &Products::upper, query, first, count, threshold);
  for (const float threshold : thresholds_at(made.of(query, row).whole))
    right = right && bounds_one(made, kernel.bound_whole, &Products::whole, query, first, count, threshold);
  return right;
}

// The first `query_count` queries over `count` blocks from `first` on. Query i's threshold is right at, or
// right above, its product with a row that changes with `turn`.
bool bounds_many(const Kernel& kernel, Case& made, std::size_t query_count, std::size_t first,
                 std::size_t count, std::size_t turn) {
  bool right = true;
  for (const std::size_t above : {0, 1}) {
    std::vector<float> thresholds;
    for (std::size_t query = 0; query < query_count; ++query) {
      const std::size_t row = first * kBlockRows + (query + turn) % (count * kBlockRows);
      thresholds.push_back(thresholds_at(made.of(query, row).whole)[above]);
    }
    std::vector<std::uint16_t> passed(query_count * kMostBlocks + 4, kUntouched);
    kernel.bound_many(made.queries.view(query_count), made.rows.view(), first, count, thresholds.data(),
                      made.queries.scratch(), passed.data());
    for (std::size_t at = 0; at < passed.size(); ++at) {
      const std::size_t query = at / kMostBlocks;
      const std::size_t block = at % kMostBlocks;
      const bool written = query < query_count && block < count;
      right = right && passed[at] == (written ? expected_bits(made, query, first + block, thresholds[query],
                                                              &Products::whole)
                                              : kUntouched);
    }
  }
  return right;
}

void test_products(const Kernel& kernel) {
  bool right = true;
  for (std::size_t dimensions = 1; dimensions <= 1024; ++dimensions) {
    Case made(dimensions, 1, 1 + dimensions % 9, dimensions % 3 == 0 ? random_extreme_code : random_code);
    const std::size_t query = dimensions % made.queries.count();
    right = right && bounds_each_row(kernel, made, query, dimensions % kBlockRows);
    right = right && bounds_many(kernel, made, made.queries.count(), 0, 1, dimensions);
  }
  CHECK(right);
  for (const std::size_t dimensions : {1, 8, 24, 65, 384}) {
    const Case made(dimensions, 3, 1, random_code);
    bool each = true;
    for (std::size_t row = 0; row < made.rows.row_count(); ++row)
      each = each && bounds_each_row(kernel, made, 0, row);
    CHECK(each);
  }
}

void test_counts(const Kernel& kernel) {
  constexpr std::size_t kQueries = 70;
  for (const std::size_t dimensions : {1, 9, 64, 72, 130}) {
    Case made(dimensions, kMostBlocks + 1, kQueries, random_code);
    bool right = true;
    for (std::size_t queries = kQueries; queries >= 1; --queries) {
      made.queries.forget_from(queries);
      for (std::size_t count = 1; count <= kMostBlocks; ++count)
        right = right &&
                bounds_many(kernel, made, queries, random_below(kMostBlocks + 2 - count), count, queries);
    }
    CHECK(right);
  }
}

// The largest sums there are: int32 holds them, and what is added on the way.
void test_largest_sums(const Kernel& kernel) {
  constexpr std::size_t kQueries = 9;
  Case made(kMostDimensions, 1, kQueries, random_extreme_code);
  for (std::size_t i = 0; i < kMostDimensions; ++i) {
    made.rows.set_code(0, i, 127);
    made.rows.set_code(1, i, -127);
    made.queries.set_code(0, i, 127);
    made.queries.set_code(1, i, -127);
    // Alike where one half of an instruction's products meet, so that these saturate if anything does.
    made.rows.set_code(2, i, made.queries.code(2, i));
    made.rows.set_code(3, i, -made.queries.code(2, i));
  }
  made.multiply();
  CHECK(made.of(0, 0).whole == 127LL * 127 * kMostDimensions &&
        made.of(1, 1).upper == 127LL * 241 * kMostDimensions);
  bool right = true;
  for (std::size_t query = 0; query < 3; ++query) {
    for (std::size_t row = 0; row < 4; ++row) right = right && bounds_each_row(kernel, made, query, row);
  }
  for (std::size_t turn = 0; turn < 4; ++turn)
    right = right && bounds_many(kernel, made, kQueries, 0, 1, turn);
  CHECK(right);
}

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

// Scales, residuals and norms all different: a bound that takes another row's, or another plane's, is found
// out.
void test_formula(const Kernel& kernel) {
  constexpr std::size_t kQueries = 9;
  Case made(100, 2, kQueries, random_code);
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
        std::uint16_t passed[kQueries * kMostBlocks] = {};
        const std::vector<float> thresholds(kQueries, threshold);
        kernel.bound_many(made.queries.view(kQueries), made.rows.view(), 0, 2, thresholds.data(),
                          made.queries.scratch(), passed);
        return passed[query * kMostBlocks + block];
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

// The bits of the only block, from each function, with one threshold; true when all are `expected`.
bool all_bounds_are(const Kernel& kernel, Case& made, float threshold, std::uint16_t expected) {
  const std::size_t count = made.queries.count();
  const std::vector<float> thresholds(count, threshold);
  std::vector<std::uint16_t> passed(count * kMostBlocks);
  kernel.bound_many(made.queries.view(count), made.rows.view(), 0, 1, thresholds.data(),
                    made.queries.scratch(), passed.data());
  bool right = true;
  for (std::size_t query = 0; query < count; ++query) {
    std::uint16_t upper = 0;
    std::uint16_t whole = 0;
    kernel.bound_upper(made.queries.query(query), made.rows.view(), 0, 1, threshold, &upper);
    kernel.bound_whole(made.queries.query(query), made.rows.view(), 0, 1, threshold, &whole);
    right = right && upper == expected && whole == expected && passed[query * kMostBlocks] == expected;
  }
  return right;
}

void test_special_values(const Kernel& kernel) {
  constexpr std::uint16_t kOdd = 0xaaaa;
  for (const std::size_t query_count : {1, 20}) {
    Case made(40, 1, query_count, random_code);
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
    // A query that has no codes: infinity times a residual of zero is not a number.
    for (std::size_t query = 0; query < query_count; ++query) made.queries.query(query).norm = kInfinity;
    CHECK(all_bounds_are(kernel, made, kInfinity, 0xffff));
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  for_each_tested_kernel([](const cosimo::Kernel& kernel) {
    test_products(kernel);
    test_counts(kernel);
    test_largest_sums(kernel);
    test_formula(kernel);
    test_special_values(kernel);
  });
  return finish();
}
