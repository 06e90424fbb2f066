// Bounds of rows by their records in every kernel: exact where float32 is.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include "core/base/aligned_array.h"
#include "support/check.h"
#include "support/kernels/head_case.h"
#include "support/kernels/tested_kernels.h"
#include "support/kernels/upper_half.h"

namespace cosimo::test {
namespace {

struct RecordNumbers {
  float scale;
  float residual;
  float beyond;
  float head_beyond;
};

// Records and queries; numbers are integers, so that every bound is exact in float32.
class RecordCase {
 public:
  RecordCase(std::size_t rows, std::size_t query_count, ChooseCode* row_code, ChooseCode* query_code)
      : norm(random_integer(1, 15)),
        numbers(rows),
        queries(query_count),
        row_codes_(rows * kRecordDimensions),
        query_codes_(query_count * kRecordDimensions),
        records_(make_aligned_array<std::uint8_t>(rows * kRecordBytes)),
        codes_(make_aligned_array<std::int8_t>(query_count * kRecordQueryBytes)) {
    for (std::int32_t& code : row_codes_) code = row_code(0, 15);
    for (std::int32_t& code : query_codes_) code = query_code(-127, 127);
    for (RecordNumbers& row : numbers)
      row = {random_integer(1, 5), random_integer(0, 255), random_integer(0, 255), random_integer(0, 255)};
    for (RecordQuery& query : queries) {
      query = {nullptr,
               random_integer(1, 5),
               random_integer(-9999, 9999),
               random_integer(1, 15),
               random_integer(1, 15),
               random_integer(1, 15),
               random_integer(1, 15)};
    }
    lay_out();
  }

  void lay_out() {
    for (std::size_t row = 0; row < numbers.size(); ++row) {
      std::uint8_t* record = records_.get() + row * kRecordBytes;
      const std::int32_t* of = row_codes_.data() + row * kRecordDimensions;
      for (std::size_t i = 0; i < kRecordNibbleBytes; ++i)
        record[i] = static_cast<std::uint8_t>(of[i] | of[i + kRecordNibbleBytes] << 4);
      const RecordNumbers& number = numbers[row];
      write_upper_half(number.scale, record + kRecordNibbleBytes);
      write_upper_half(number.residual, record + kRecordNibbleBytes + 2);
      write_upper_half(number.beyond, record + kRecordNibbleBytes + 4);
      write_upper_half(number.head_beyond, record + kRecordNibbleBytes + 6);
    }
    std::fill_n(codes_.get(), queries.size() * kRecordQueryBytes, std::int8_t{0});
    for (std::size_t query = 0; query < queries.size(); ++query) {
      std::int8_t* codes = codes_.get() + query * kRecordQueryBytes;
      for (std::size_t i = 0; i < kRecordDimensions; ++i)
        codes[i < kRecordNibbleBytes ? i : kRecordBytes + i - kRecordNibbleBytes] =
            static_cast<std::int8_t>(query_codes_[query * kRecordDimensions + i]);
      queries[query].codes = codes;
    }
  }

  HeadBound bound(std::size_t of_query, std::size_t row, float by_head) const {
    const RecordQuery& query = queries[of_query];
    const RecordNumbers& number = numbers[row];
    double sum = 0;
    for (std::size_t i = 0; i < kRecordDimensions; ++i)
      sum += query_codes_[of_query * kRecordDimensions + i] * row_codes_[row * kRecordDimensions + i];
    const double terms[] = {static_cast<double>(by_head),
                            static_cast<double>(query.factor) * sum * number.scale,
                            static_cast<double>(query.offset) * number.scale,
                            static_cast<double>(query.norm) * number.residual,
                            static_cast<double>(query.beyond_norm) * number.beyond,
                            static_cast<double>(-query.head_beyond_norm) * number.head_beyond,
                            static_cast<double>(query.error) * norm};
    HeadBound made{0, 0};
    for (const double term : terms) {
      made.value += term;
      made.size += std::fabs(term);
    }
    return made;
  }

  // Some rows, in any order, some more than once, with bounds by heads.
  PassedRows some_rows(std::size_t count) const {
    PassedRows rows{};
    for (; rows.count < count; ++rows.count) {
      rows.rows[rows.count] = static_cast<std::uint32_t>(random_below(numbers.size()));
      rows.bounds[rows.count] = random_integer(-99999, 99999);
    }
    return rows;
  }

  // Those that their records let pass.
  PassedRows kept(const SearchKernel& kernel, std::size_t query, float threshold,
                  const PassedRows& before) const {
    PassedRows rows = before;
    kernel.rotated.bound_records(queries[query], {records_.get(), norm}, threshold, rows);
    return rows;
  }

  float norm;
  std::vector<RecordNumbers> numbers;
  std::vector<RecordQuery> queries;

 private:
  std::vector<std::int32_t> row_codes_;
  std::vector<std::int32_t> query_codes_;
  AlignedArray<std::uint8_t> records_;
  AlignedArray<std::int8_t> codes_;
};

// With the bound of some row as the threshold, then the float above.
bool rows_are_right(const SearchKernel& kernel, const RecordCase& made, std::size_t query,
                    std::size_t count) {
  const PassedRows before = made.some_rows(count);
  const auto bound_at = [&](std::size_t at) {
    return made.bound(query, before.rows[at], before.bounds[at]).value;
  };
  const float some = count == 0 ? 0 : static_cast<float>(bound_at(random_below(count)));
  bool right = true;
  for (const float threshold : {some, std::nextafter(some, kInfinity), -kInfinity, kInfinity}) {
    const PassedRows after = made.kept(kernel, query, threshold, before);
    std::size_t at = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (bound_at(i) < threshold) continue;
      right =
          right && at < after.count && after.rows[at] == before.rows[i] && after.bounds[at] == bound_at(i);
      ++at;
    }
    right = right && after.count == at;
  }
  return right;
}

void test_rows_are_kept_by_exact_bounds(const SearchKernel& kernel) {
  for (const auto row_code : {any_code, extreme_code, least_code, largest_code}) {
    for (const auto query_code : {any_code, extreme_code, least_code, largest_code}) {
      const RecordCase made(100, 7, row_code, query_code);
      bool right = true;
      for (std::size_t count = 0; count <= kRunRows; count += count < 10 ? 1 : 7)
        right = right && rows_are_right(kernel, made, count % 7, count);
      CHECK(rows_are_right(kernel, made, 0, kRunRows));
      CHECK(right);
    }
  }
}

// A bound is at most eight roundings away from its terms: three of the decoded sum (product, offset, scale)
// and the additions of five terms to the replaced bound.
void test_bounds_round_as_float32(const SearchKernel& kernel) {
  constexpr double kRoundings = 8 * 0x1p-24;
  RecordCase made(100, 7, any_code, any_code);
  const auto positive = [](float size) {
    return size * (0.5F + static_cast<float>(random_below(999)) / 999);
  };
  for (RecordNumbers& row : made.numbers)
    row = {truncated(positive(1)), truncated(positive(1e4F)), truncated(positive(1e4F)),
           truncated(positive(1e4F))};
  for (RecordQuery& query : made.queries)
    query = {nullptr,     positive(1), random_sign(positive(1e4F)), positive(1), positive(1),
             positive(1), positive(10)};
  made.norm = positive(1e3F);
  made.lay_out();
  bool near = true;
  for (std::size_t query = 0; query < made.queries.size(); ++query) {
    const PassedRows before = made.some_rows(kRunRows);
    const PassedRows after = made.kept(kernel, query, -kInfinity, before);
    CHECK(after.count == before.count);
    for (std::size_t i = 0; i < before.count; ++i) {
      const HeadBound exact = made.bound(query, before.rows[i], before.bounds[i]);
      near = near && std::fabs(after.bounds[i] - exact.value) <= kRoundings * exact.size;
    }
  }
  CHECK(near);
}

// So many rows, none with a bound below infinity.
bool all_unbounded(const PassedRows& rows, std::size_t count) {
  return rows.count == count &&
         std::none_of(rows.bounds, rows.bounds + rows.count, [](float bound) { return bound < kInfinity; });
}

// Whether every row is kept, whatever the threshold.
bool all_reach(const SearchKernel& kernel, RecordCase& made, float bound) {
  made.lay_out();
  PassedRows rows = made.some_rows(50);
  std::fill_n(rows.bounds, rows.count, bound);
  bool all = true;
  for (std::size_t query = 0; query < made.queries.size(); ++query)
    all = all && all_unbounded(made.kept(kernel, query, kInfinity, rows), rows.count);
  return all;
}

void test_infinity_and_nan_are_kept(const SearchKernel& kernel) {
  RecordCase made(20, 3, any_code, any_code);
  CHECK(!all_reach(kernel, made, 1.0F));
  CHECK(all_reach(kernel, made, kInfinity));
  CHECK(all_reach(kernel, made, std::numeric_limits<float>::quiet_NaN()));
  for (float RecordNumbers::*number : {&RecordNumbers::residual, &RecordNumbers::beyond}) {
    RecordCase infinite(20, 3, any_code, any_code);
    for (RecordNumbers& row : infinite.numbers) row.*number = kInfinity;
    CHECK(all_reach(kernel, infinite, 1.0F));
  }
  for (RecordQuery& query : made.queries) query = {nullptr, 0, 0, 0, 0, 0, kInfinity};
  CHECK(all_reach(kernel, made, 1.0F));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_rows_are_kept_by_exact_bounds, test_bounds_round_as_float32,
                                 test_infinity_and_nan_are_kept);
}
