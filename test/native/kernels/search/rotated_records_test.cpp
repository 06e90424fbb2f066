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

  HeadBound bound(const PassedRow& row) const {
    const RecordQuery& query = queries[row.query];
    const RecordNumbers& number = numbers[row.row];
    double sum = 0;
    for (std::size_t i = 0; i < kRecordDimensions; ++i)
      sum += query_codes_[row.query * kRecordDimensions + i] * row_codes_[row.row * kRecordDimensions + i];
    const double terms[] = {static_cast<double>(row.bound),
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

  // Some rows of some queries, in any order, some more than once.
  std::vector<PassedRow> some_rows(std::size_t count) const {
    std::vector<PassedRow> rows;
    for (std::size_t i = 0; i < count; ++i)
      rows.push_back({static_cast<std::uint32_t>(random_below(numbers.size())),
                      static_cast<std::uint32_t>(random_below(queries.size())),
                      random_integer(-99999, 99999)});
    return rows;
  }

  // Their bounds by the records.
  std::vector<PassedRow> bounded(const SearchKernel& kernel, std::vector<PassedRow> rows) const {
    kernel.rotated.bound_records(queries.data(), {records_.get(), norm, rows.size(), rows.data()});
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

bool bounds_are_exact(const SearchKernel& kernel, const RecordCase& made, std::size_t count) {
  const std::vector<PassedRow> before = made.some_rows(count);
  const std::vector<PassedRow> after = made.bounded(kernel, before);
  bool right = true;
  for (std::size_t i = 0; i < count; ++i)
    right = right && after[i].row == before[i].row && after[i].query == before[i].query &&
            after[i].bound == made.bound(before[i]).value;
  return right;
}

void test_bounds_are_exact(const SearchKernel& kernel) {
  for (const auto row_code : {any_code, extreme_code, least_code, largest_code}) {
    for (const auto query_code : {any_code, extreme_code, least_code, largest_code}) {
      const RecordCase made(100, 7, row_code, query_code);
      bool right = true;
      for (std::size_t count = 0; count < 200; count += 13)
        right = right && bounds_are_exact(kernel, made, count);
      CHECK(right);
    }
  }
}

// A bound is at most ten roundings away from its terms: four of the decoded sum, the additions of five terms,
// and the replaced bound's own.
void test_bounds_round_as_float32(const SearchKernel& kernel) {
  constexpr double kRoundings = 10 * 0x1p-24;
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
  const std::vector<PassedRow> before = made.some_rows(500);
  const std::vector<PassedRow> after = made.bounded(kernel, before);
  bool near = true;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const HeadBound exact = made.bound(before[i]);
    near = near && std::fabs(after[i].bound - exact.value) <= kRoundings * exact.size;
  }
  CHECK(near);
}

// Whether no bound is below any threshold.
bool all_reach(const SearchKernel& kernel, RecordCase& made, float bound) {
  made.lay_out();
  std::vector<PassedRow> rows = made.some_rows(50);
  for (PassedRow& row : rows) row.bound = bound;
  rows = made.bounded(kernel, rows);
  return std::none_of(rows.begin(), rows.end(), [](const PassedRow& row) { return row.bound < kInfinity; });
}

void test_infinity_and_nan_stay(const SearchKernel& kernel) {
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
  return test_each_search_kernel(test_bounds_are_exact, test_bounds_round_as_float32,
                                 test_infinity_and_nan_stay);
}
