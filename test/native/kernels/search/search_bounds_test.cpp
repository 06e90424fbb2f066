// The sums of products in every kernel's bounds: exact to the last unit, for every number of dimensions,
// queries and blocks. Only their bits are written.
#include <array>
#include <initializer_list>

#include "support/check.h"
#include "support/kernels/bound_case.h"
#include "support/kernels/tested_kernels.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

constexpr std::uint16_t kUntouched = 0xa5a5;

std::uint16_t expected_bits(const BoundCase& made, std::size_t query, std::size_t block, float threshold,
                            std::int64_t Products::*sum) {
  unsigned bits = 0;
  for (std::size_t row = 0; row < kBlockRows; ++row) {
    const std::int64_t product = made.of(query, block * kBlockRows + row).*sum;
    if (static_cast<float>(product) >= threshold) bits |= 1U << row;
  }
  return static_cast<std::uint16_t>(bits);
}

// A row passes with its exact sum as the threshold, and does not with the next float.
std::array<float, 2> thresholds_at(std::int64_t product) {
  const auto exact = static_cast<float>(product);
  return {exact, std::nextafter(exact, kInfinity)};
}

bool bounds_one(const BoundCase& made, BoundBlocks* bound, std::int64_t Products::*sum, std::size_t query,
                std::size_t first, std::size_t count, float threshold) {
  std::vector<std::uint16_t> passed(count + 3, kUntouched);
  bound(made.queries.view(query + 1).queries[query], made.rows.view(), first, count, threshold,
        passed.data());
  bool right = passed[count] == kUntouched && passed[count + 1] == kUntouched;
  for (std::size_t b = 0; b < count; ++b)
    right = right && passed[b] == expected_bits(made, query, first + b, threshold, sum);
  return right;
}

bool bounds_each_row(const SearchKernel& kernel, const BoundCase& made, std::size_t query, std::size_t row) {
  bool right = true;
  const std::size_t first = row / kBlockRows;
  const std::size_t count = made.rows.blocks() - first;
  for (const float threshold : thresholds_at(made.of(query, row).upper))
    right = right && bounds_one(made, kernel.bound_upper, &Products::upper, query, first, count, threshold);
  for (const float threshold : thresholds_at(made.of(query, row).whole))
    right = right && bounds_one(made, kernel.bound_whole, &Products::whole, query, first, count, threshold);
  return right;
}

// Bounds the first `query_count` queries over `count` blocks from `first` on. The threshold of each query is
// its product with some row, then the float above; `turn` chooses the row.
bool bounds_many(const SearchKernel& kernel, BoundCase& made, std::size_t query_count, std::size_t first,
                 std::size_t count, std::size_t turn) {
  bool right = true;
  for (const std::size_t above : {0, 1}) {
    std::vector<float> thresholds;
    for (std::size_t query = 0; query < query_count; ++query) {
      const std::size_t row = first * kBlockRows + (query + turn) % (count * kBlockRows);
      thresholds.push_back(thresholds_at(made.of(query, row).whole)[above]);
    }
    std::vector<std::uint16_t> passed(query_count * kMaxBlocks + 4, kUntouched);
    kernel.bound_many(made.queries.view(query_count), made.rows.view(), first, count, thresholds.data(),
                      made.queries.scratch(), passed.data());
    for (std::size_t at = 0; at < passed.size(); ++at) {
      const std::size_t query = at / kMaxBlocks;
      const std::size_t block = at % kMaxBlocks;
      const bool written = query < query_count && block < count;
      right = right && passed[at] == (written ? expected_bits(made, query, first + block, thresholds[query],
                                                              &Products::whole)
                                              : kUntouched);
    }
  }
  return right;
}

void test_sums_are_exact_for_all_dimensions(const SearchKernel& kernel) {
  bool right = true;
  for (std::size_t dimensions = 1; dimensions <= 1024; dimensions += is_brief() ? 5 : 1) {
    BoundCase made(dimensions, 1, 1 + dimensions % 9,
                   dimensions % 3 == 0 ? random_extreme_code : random_code);
    const std::size_t query = dimensions % made.queries.count();
    right = right && bounds_each_row(kernel, made, query, dimensions % kBlockRows);
    right = right && bounds_many(kernel, made, made.queries.count(), 0, 1, dimensions);
  }
  CHECK(right);
  for (const std::size_t dimensions : {1, 8, 24, 65, 384}) {
    const BoundCase made(dimensions, 3, 1, random_code);
    bool each = true;
    for (std::size_t row = 0; row < made.rows.row_count(); ++row)
      each = each && bounds_each_row(kernel, made, 0, row);
    CHECK(each);
  }
}

void test_any_number_of_queries_and_blocks(const SearchKernel& kernel) {
  constexpr std::size_t kQueries = 70;
  for (const std::size_t dimensions : {1, 9, 64, 72, 130}) {
    BoundCase made(dimensions, kMaxBlocks + 1, kQueries, random_code);
    bool right = true;
    for (std::size_t forgotten = 0; forgotten < kQueries; forgotten += is_brief() ? 3 : 1) {
      const std::size_t queries = kQueries - forgotten;
      made.queries.forget_from(queries);
      for (std::size_t count = 1; count <= kMaxBlocks; ++count)
        right =
            right && bounds_many(kernel, made, queries, random_below(kMaxBlocks + 2 - count), count, queries);
    }
    CHECK(right);
  }
}

void test_the_largest_sums_fit_into_int32(const SearchKernel& kernel) {
  constexpr std::size_t kQueries = 9;
  BoundCase made(kMaxDimensions, 1, kQueries, random_extreme_code);
  for (std::size_t i = 0; i < kMaxDimensions; ++i) {
    made.rows.set_code(0, i, 127);
    made.rows.set_code(1, i, -127);
    made.queries.set_code(0, i, 127);
    made.queries.set_code(1, i, -127);
    // Products of equal sign everywhere: if an instruction saturates, it does so here.
    made.rows.set_code(2, i, made.queries.code(2, i));
    made.rows.set_code(3, i, -made.queries.code(2, i));
  }
  made.multiply();
  CHECK(made.of(0, 0).whole == 127LL * 127 * kMaxDimensions &&
        made.of(1, 1).upper == 127LL * 241 * kMaxDimensions);
  bool right = true;
  for (std::size_t query = 0; query < 3; ++query) {
    for (std::size_t row = 0; row < 4; ++row) right = right && bounds_each_row(kernel, made, query, row);
  }
  for (std::size_t turn = 0; turn < 4; ++turn)
    right = right && bounds_many(kernel, made, kQueries, 0, 1, turn);
  CHECK(right);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_sums_are_exact_for_all_dimensions,
                                 test_any_number_of_queries_and_blocks, test_the_largest_sums_fit_into_int32);
}
