// Bounds of heads in every kernel: exact where float32 is, for every length, number of queries and blocks.
#include <algorithm>
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
constexpr std::uint16_t kUntouched = 0xa5a5;
constexpr float kUntouchedBound = 0.375F;  // no bound of a HeadCase: they are integers

// What BoundHeads wrote, with room for one query more.
struct Written {
  std::vector<std::uint16_t> passed;
  std::vector<float> bounds;

  bool is_untouched(std::size_t place) const {
    const auto* of = bounds.data() + place * kBlockRows;
    return passed[place] == kUntouched &&
           std::all_of(of, of + kBlockRows, [](float bound) { return bound == kUntouchedBound; });
  }
};

Written bound(const SearchKernel& kernel, const HeadCase& made, std::size_t first, std::size_t count,
              const std::vector<float>& thresholds) {
  const std::size_t places = (thresholds.size() + 1) * kMaxHeadBlocks;
  Written out{std::vector<std::uint16_t>(places, kUntouched),
              std::vector<float>(places * kBlockRows, kUntouchedBound)};
  const std::vector<HeadQuery> queries = made.queries(thresholds.size());
  kernel.rotated.bound_heads({queries.size(), queries.data(), made.code_stride()}, made.heads(), first, count,
                             thresholds.data(), {out.passed.data(), out.bounds.data()});
  return out;
}

// The bits, and the bounds where there are any.
bool place_is_right(const Written& out, std::size_t place, const HeadCase& made, std::size_t query,
                    std::size_t block, float threshold) {
  unsigned bits = 0;
  for (std::size_t r = 0; r < kBlockRows; ++r)
    bits |= static_cast<unsigned>(made.bound(query, block * kBlockRows + r).value >= threshold) << r;
  bool right = out.passed[place] == bits;
  for (std::size_t r = 0; bits != 0 && r < kBlockRows; ++r)
    right = right && out.bounds[place * kBlockRows + r] == made.bound(query, block * kBlockRows + r).value;
  return right;
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
    const Written out = bound(kernel, made, first, count, thresholds);
    for (std::size_t place = 0; place < out.passed.size(); ++place) {
      const std::size_t query = place / kMaxHeadBlocks;
      const std::size_t block = place % kMaxHeadBlocks;
      const bool written = query < query_count && block < count;
      right = right && (written ? place_is_right(out, place, made, query, first + block, thresholds[query])
                                : out.is_untouched(place));
    }
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
    const HeadCase made(length, kMaxHeadBlocks + 3, kQueries, any_code, any_code);
    bool right = true;
    for (std::size_t queries = 1; queries <= kQueries; queries += is_brief() ? 3 : 1) {
      for (std::size_t count = 1; count <= kMaxHeadBlocks; ++count) {
        const std::size_t first = random_below(made.blocks() - count + 1);
        right = right && bounds_are_exact(kernel, made, queries, first, count, queries);
      }
    }
    CHECK(right);
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
  const Written all = bound(kernel, made, 0, 2, std::vector<float>(kQueries, -kInfinity));
  bool near = true;
  bool agree = true;
  for (std::size_t row = 0; row < made.row_count(); ++row) {
    std::vector<float> thresholds;
    const auto place = [row](std::size_t query) { return query * kMaxHeadBlocks + row / kBlockRows; };
    for (std::size_t query = 0; query < kQueries; ++query) {
      const float computed = all.bounds[place(query) * kBlockRows + row % kBlockRows];
      const HeadBound exact = made.bound(query, row);
      near = near && std::fabs(computed - exact.value) <= kRoundings * exact.size;
      thresholds.push_back(query % 2 == 0 ? computed : std::nextafter(computed, kInfinity));
    }
    const Written out = bound(kernel, made, 0, 2, thresholds);
    for (std::size_t query = 0; query < kQueries; ++query) {
      const bool passes = (out.passed[place(query)] >> row % kBlockRows & 1) != 0;
      agree = agree && passes == (query % 2 == 0);
    }
  }
  CHECK(near);
  CHECK(agree);
}

// Whether every query has the `expected` bits for the only block.
bool all_pass(const SearchKernel& kernel, HeadCase& made, float threshold, std::uint16_t expected) {
  made.lay_out();
  const Written out = bound(kernel, made, 0, 1, std::vector<float>(made.query_count(), threshold));
  bool right = true;
  for (std::size_t query = 0; query < made.query_count(); ++query)
    right = right && out.passed[query * kMaxHeadBlocks] == expected;
  return right;
}

void test_infinity_and_nan_count_as_reaching(const SearchKernel& kernel) {
  constexpr std::uint16_t kOdd = 0xaaaa;
  for (const std::size_t queries : {1, 4, 20}) {
    for (float HeadNumbers::*number :
         {&HeadNumbers::lead_scale, &HeadNumbers::scale, &HeadNumbers::residual, &HeadNumbers::beyond}) {
      HeadCase made(48, 1, queries, any_code, any_code);
      CHECK(all_pass(kernel, made, -kInfinity, 0xffff));
      CHECK(all_pass(kernel, made, kInfinity, 0));
      for (std::size_t row = 1; row < kBlockRows; row += 2) made.numbers(row).*number = kNan;
      CHECK(all_pass(kernel, made, kInfinity, kOdd));
      CHECK(all_pass(kernel, made, kMax, kOdd));
    }
    for (float HeadNumbers::*number : {&HeadNumbers::residual, &HeadNumbers::beyond}) {
      HeadCase made(48, 1, queries, any_code, any_code);
      for (std::size_t row = 1; row < kBlockRows; row += 2) made.numbers(row).*number = kInfinity;
      CHECK(all_pass(kernel, made, kInfinity, kOdd));
      CHECK(all_pass(kernel, made, kMax, kOdd));
    }
    // A query that can't be coded.
    HeadCase made(48, 1, queries, any_code, any_code);
    for (std::size_t query = 0; query < queries; ++query)
      made.query(query) = {nullptr, 0, 0, 0, 0, 0, 0, kInfinity};
    CHECK(all_pass(kernel, made, kInfinity, 0xffff));
    made.norm() = 0;
    CHECK(all_pass(kernel, made, kInfinity, 0xffff));
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_bounds_are_exact_for_all_lengths, test_any_number_of_queries_and_blocks,
                                 test_the_largest_sums_fit, test_bounds_round_as_float32,
                                 test_infinity_and_nan_count_as_reaching);
}
