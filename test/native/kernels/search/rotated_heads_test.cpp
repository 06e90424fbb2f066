// Bounds of heads in every kernel: exact where float32 is, for every length, number of queries and blocks.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include "support/check.h"
#include "support/kernels/head_case.h"
#include "support/kernels/tested_kernels.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kUntouched = 12345;

// What BoundHeads wrote, with one query more, which stays untouched.
std::vector<PassedRows> bound(const SearchKernel& kernel, const HeadCase& made, std::size_t first,
                              std::size_t count, const std::vector<float>& thresholds) {
  std::vector<PassedRows> passed(thresholds.size() + 1);
  for (PassedRows& of : passed) of.count = kUntouched;
  const std::vector<HeadQuery> queries = made.queries(thresholds.size());
  kernel.rotated.bound_heads({queries.size(), queries.data(), made.code_stride()}, made.heads(), first, count,
                             thresholds.data(), passed.data());
  return passed;
}

// Those rows that reach the threshold, in order, with their bounds, and no others.
bool rows_are_right(const PassedRows& passed, const HeadCase& made, std::size_t query, std::size_t first,
                    std::size_t count, float threshold) {
  std::size_t at = 0;
  bool right = true;
  for (std::size_t row = first * kBlockRows; row < (first + count) * kBlockRows; ++row) {
    const double expected = made.bound(query, row).value;
    if (expected < threshold) continue;
    right = right && at < passed.count && passed.rows[at] == row && passed.bounds[at] == expected;
    ++at;
  }
  return right && passed.count == at;
}

// Bounds `count` blocks from `first` on for the first `query_count` queries. The threshold of each query is
// its bound of some row, then the float above; `turn` chooses the row. One query in five lets nothing pass.
bool bounds_are_exact(const SearchKernel& kernel, const HeadCase& made, std::size_t query_count,
                      std::size_t first, std::size_t count, std::size_t turn) {
  bool right = true;
  for (const bool above : {false, true}) {
    std::vector<float> thresholds;
    for (std::size_t query = 0; query < query_count; ++query) {
      const std::size_t row = first * kBlockRows + (query + turn) % (count * kBlockRows);
      const auto reached = static_cast<float>(made.bound(query, row).value);
      const bool none = (query + turn) % 5 == 4;
      thresholds.push_back(none ? kInfinity : above ? std::nextafter(reached, kInfinity) : reached);
    }
    const std::vector<PassedRows> passed = bound(kernel, made, first, count, thresholds);
    for (std::size_t query = 0; query < query_count; ++query)
      right = right && rows_are_right(passed[query], made, query, first, count, thresholds[query]);
    right = right && passed[query_count].count == kUntouched;
  }
  return right;
}

void test_bounds_are_exact_for_all_lengths(const SearchKernel& kernel) {
  bool right = true;
  for (std::size_t length = 2 * kHeadAlignment; length <= 512; length += kHeadAlignment) {
    for (const auto code : {any_code, extreme_code}) {
      const std::size_t queries = 1 + length / kHeadAlignment % 19;
      const HeadCase made(length, 3, queries, code, code);
      for (std::size_t turn = 0; turn < 2 * kBlockRows; turn += is_brief() ? 11 : 1)
        right = right && bounds_are_exact(kernel, made, queries, 1, 2, turn);
    }
  }
  CHECK(right);
}

void test_any_number_of_queries_and_blocks(const SearchKernel& kernel) {
  constexpr std::size_t kQueries = 70;
  for (const std::size_t length : {32, 48, 112, 144}) {
    const HeadCase made(length, kRunBlocks + 3, kQueries, any_code, any_code);
    bool right = true;
    for (std::size_t queries = 1; queries <= kQueries; queries += is_brief() ? 3 : 1) {
      for (std::size_t count = 1; count <= kRunBlocks; ++count) {
        const std::size_t first = random_below(made.blocks() - count + 1);
        right = right && bounds_are_exact(kernel, made, queries, first, count, queries);
      }
    }
    CHECK(right);
  }
}

void test_a_whole_run_can_pass(const SearchKernel& kernel) {
  const HeadCase made(48, kRunBlocks + 1, 6, any_code, any_code);
  const std::vector<PassedRows> passed =
      bound(kernel, made, 1, kRunBlocks, std::vector<float>(6, -kInfinity));
  for (std::size_t query = 0; query < 6; ++query) {
    CHECK(passed[query].count == kRunRows);
    CHECK(rows_are_right(passed[query], made, query, 1, kRunBlocks, -kInfinity));
  }
}

// Products of equal sign everywhere: if an instruction saturates or a sum overflows, it does so here.
void test_the_largest_sums_fit(const SearchKernel& kernel) {
  for (const std::size_t length : {32, 64, 128, 144, 192, 512, 1040, 1056, 2048}) {
    for (const auto row_code : {least_code, largest_code}) {
      for (const auto query_code : {least_code, largest_code, extreme_code}) {
        const HeadCase made(length, 2, 9, row_code, query_code);
        CHECK(bounds_are_exact(kernel, made, 9, 0, 2, 0));
        CHECK(bounds_are_exact(kernel, made, 3, 0, 2, 5));
      }
    }
  }
}

bool has_row(const PassedRows& passed, std::size_t row) {
  return std::find(passed.rows, passed.rows + passed.count, row) != passed.rows + passed.count;
}

// A bound is at most eleven roundings away from its terms: five of the lead's (sum, factor, offset, scale,
// addition) and the additions of five other terms, or fewer; one more makes the threshold.
void test_bounds_round_as_float32(const SearchKernel& kernel) {
  constexpr double kRoundings = 12 * 0x1p-24;
  constexpr std::size_t kQueries = 21;
  HeadCase made(144, 2, kQueries, any_code, any_code);
  const auto positive = [](float size) {
    return size * (0.5F + static_cast<float>(random_below(999)) / 999);
  };
  for (std::size_t row = 0; row < made.row_count(); ++row)
    made.numbers(row) = {truncated(positive(1)), truncated(positive(1)), truncated(positive(1e4F)),
                         truncated(positive(1e4F))};
  for (std::size_t query = 0; query < kQueries; ++query) {
    HeadQuery& of = made.query(query);
    of = {nullptr,
          positive(0.1F),
          random_sign(positive(1e4F)),
          positive(1),
          random_sign(positive(1e4F)),
          positive(1),
          positive(1),
          positive(10)};
  }
  made.norm() = positive(1e3F);
  made.lay_out();
  const std::vector<PassedRows> all = bound(kernel, made, 0, 2, std::vector<float>(kQueries, -kInfinity));
  bool near = true;
  bool agree = true;
  for (std::size_t row = 0; row < made.row_count(); ++row) {
    std::vector<float> thresholds;
    for (std::size_t query = 0; query < kQueries; ++query) {
      const float computed = all[query].bounds[row];
      const HeadBound exact = made.bound(query, row);
      near = near && std::fabs(computed - exact.value) <= kRoundings * exact.size;
      thresholds.push_back(query % 2 == 0 ? computed : std::nextafter(computed, kInfinity));
    }
    const std::vector<PassedRows> passed = bound(kernel, made, 0, 2, thresholds);
    for (std::size_t query = 0; query < kQueries; ++query)
      agree = agree && has_row(passed[query], row) == (query % 2 == 0);
  }
  CHECK(near);
  CHECK(agree);
}

// Whether just the rows whose bits are set pass for every query, of the only block.
bool just_pass(const SearchKernel& kernel, HeadCase& made, float threshold, unsigned expected) {
  made.lay_out();
  const std::size_t queries = made.query_count();
  const std::vector<PassedRows> passed = bound(kernel, made, 0, 1, std::vector<float>(queries, threshold));
  bool right = true;
  for (std::size_t query = 0; query < queries; ++query) {
    const PassedRows& of = passed[query];
    for (std::size_t row = 0; row < kBlockRows; ++row)
      right = right && has_row(of, row) == ((expected >> row & 1) != 0);
    right = right && of.count == static_cast<std::size_t>(std::popcount(expected));
    right = right && std::all_of(of.bounds, of.bounds + of.count,
                                 [threshold](float bound) { return !(bound < threshold); });
  }
  return right;
}

void test_infinity_and_nan_count_as_reaching(const SearchKernel& kernel) {
  constexpr unsigned kOdd = 0xaaaa;
  for (const std::size_t queries : {1, 4, 20}) {
    for (float HeadNumbers::*number :
         {&HeadNumbers::lead_scale, &HeadNumbers::scale, &HeadNumbers::residual, &HeadNumbers::beyond}) {
      HeadCase made(48, 1, queries, any_code, any_code);
      CHECK(just_pass(kernel, made, -kInfinity, 0xffff));
      CHECK(just_pass(kernel, made, kInfinity, 0));
      for (std::size_t row = 1; row < kBlockRows; row += 2) made.numbers(row).*number = kNan;
      CHECK(just_pass(kernel, made, kInfinity, kOdd));
      CHECK(just_pass(kernel, made, kMax, kOdd));
    }
    for (float HeadNumbers::*number : {&HeadNumbers::residual, &HeadNumbers::beyond}) {
      HeadCase made(48, 1, queries, any_code, any_code);
      for (std::size_t row = 1; row < kBlockRows; row += 2) made.numbers(row).*number = kInfinity;
      CHECK(just_pass(kernel, made, kInfinity, kOdd));
      CHECK(just_pass(kernel, made, kMax, kOdd));
    }
    // A query that can't be coded.
    HeadCase made(48, 1, queries, any_code, any_code);
    for (std::size_t query = 0; query < queries; ++query)
      made.query(query) = {nullptr, 0, 0, 0, 0, 0, 0, kInfinity};
    CHECK(just_pass(kernel, made, kInfinity, 0xffff));
    made.norm() = 0;
    CHECK(just_pass(kernel, made, kInfinity, 0xffff));
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_bounds_are_exact_for_all_lengths, test_any_number_of_queries_and_blocks,
                                 test_a_whole_run_can_pass, test_the_largest_sums_fit,
                                 test_bounds_round_as_float32, test_infinity_and_nan_count_as_reaching);
}
