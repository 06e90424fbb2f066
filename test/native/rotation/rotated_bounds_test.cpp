// The promise of the bounds of rotated rows: every row whose score reaches the threshold passes, for rows,
// queries and rotations of every kind.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "core/rotation/learn_rotation.h"
#include "core/rotation/rotated_codes.h"
#include "core/rotation/rotated_queries.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/kernels/tested_kernels.h"
#include "support/rotation/random_rotation.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kRowCount = 2 * kRunRows;

std::vector<float> negative_of(std::span<const float> row) {
  std::vector<float> other(row.begin(), row.end());
  for (float& value : other) value = -value;
  return other;
}

// Rows whose first dimensions are longest, as a rotation by principal directions leaves them.
std::vector<float> falling_row(std::size_t dimensions) {
  std::vector<float> row(dimensions);
  double squares = 0;
  for (std::size_t i = 0; i < dimensions; ++i) {
    row[i] = random_normal() / std::sqrt(static_cast<float>(i + 1));
    squares += static_cast<double>(row[i]) * row[i];
  }
  for (float& value : row) value /= static_cast<float>(std::sqrt(squares));
  return row;
}

// Codes of kRowCount rows, and what bounds them for some queries.
class Case {
 public:
  Case(const SearchKernel& kernel, std::shared_ptr<const Rotation> rotation,
       const std::vector<std::vector<float>>& rows, const std::vector<std::vector<float>>& queries)
      : kernel_(kernel),
        rows_(make_aligned_array<float>(kRowCount * rotation->dimensions())),
        query_values_(make_aligned_array<float>((queries.size() + kRotatedRows) * rotation->dimensions())),
        dimensions_(rotation->dimensions()),
        query_count_(queries.size()) {
    for (std::size_t at = 0; at < kRowCount; ++at)
      std::copy_n(rows[at % rows.size()].data(), dimensions_, rows_.get() + at * dimensions_);
    std::fill_n(query_values_.get(), (queries.size() + kRotatedRows) * dimensions_, 0.0F);
    for (std::size_t at = 0; at < queries.size(); ++at)
      std::copy_n(queries[at].data(), dimensions_, query_values_.get() + at * dimensions_);
    const auto bytes = std::make_shared<std::atomic<std::size_t>>(0);
    codes_ = std::make_unique<RotatedCodes>(std::make_shared<RotatedMemory>(rotation, kRowCount, bytes),
                                            rows_.get(), kernel);
    queries_ = std::make_unique<RotatedQueries>(*rotation, query_values_.get(), queries.size(), kernel);
    score();
  }

  // Bounds by heads and then by records are at least the scores; NaN counts as reaching.
  bool are_bounds_right() {
    return count([](float bound, float score) { return bound < score; }) == 0;
  }

  // The share of pairs whose bound reaches a score that is greater by `margin`.
  double share_within(float margin) {
    const std::size_t passed =
        count([margin](float bound, float score) { return !(bound < score + margin); });
    return static_cast<double>(passed) / static_cast<double>(query_count_ * kRowCount);
  }

 private:
  void score() {
    const auto query = make_aligned_array<double>(dimensions_);
    std::vector<double> sums(kRowCount);
    for (std::size_t q = 0; q < query_count_; ++q) {
      std::copy_n(query_values_.get() + q * dimensions_, dimensions_, query.get());
      kernel_.score_rows(query.get(), rows_.get(), kRowCount, dimensions_, sums.data());
      for (const double sum : sums)
        scores_.push_back(
            static_cast<float>(std::clamp(sum, -static_cast<double>(kMax), static_cast<double>(kMax))));
    }
  }

  // How many pairs of query and row fulfill `test` by the bound of the head or by that of the record.
  template <typename Test>
  std::size_t count(Test&& test) {
    const std::vector<float> thresholds(query_count_, -kInfinity);
    std::vector<PassedRows> passed(query_count_);
    std::size_t found = 0;
    for (std::size_t first = 0; first < kRowCount / kBlockRows; first += kRunBlocks) {
      kernel_.rotated.bound_heads(queries_->heads(), codes_->heads(), first, kRunBlocks, thresholds.data(),
                                  passed.data());
      for (std::size_t query = 0; query < query_count_; ++query) {
        const PassedRows by_head = passed[query];
        PassedRows& by_record = passed[query];
        kernel_.rotated.bound_records(queries_->records()[query], codes_->records(), -kInfinity, by_record);
        CHECK(by_head.count == kRunRows && by_record.count == kRunRows);
        for (std::size_t at = 0; at < kRunRows; ++at) {
          const float score = scores_[query * kRowCount + first * kBlockRows + at];
          found += test(by_head.bounds[at], score) || test(by_record.bounds[at], score) ? 1 : 0;
        }
      }
    }
    return found;
  }

  const SearchKernel& kernel_;
  AlignedArray<float> rows_;
  AlignedArray<float> query_values_;
  const std::size_t dimensions_;
  const std::size_t query_count_;
  std::unique_ptr<RotatedCodes> codes_;
  std::unique_ptr<RotatedQueries> queries_;
  std::vector<float> scores_;  // of each query
};

std::vector<std::vector<float>> queries_for(const std::vector<std::vector<float>>& rows) {
  std::vector<std::vector<float>> queries;
  for (std::size_t kind = 0; kind < static_cast<std::size_t>(RowKind::count); ++kind)
    queries.push_back(random_row(static_cast<RowKind>(kind), rows[0].size()));
  for (std::size_t at = 0; at < std::min<std::size_t>(4, rows.size()); ++at) {
    queries.push_back(rows[at]);
    queries.push_back(near_to(rows[at], 0.01F));
    queries.push_back(negative_of(rows[at]));
  }
  return queries;
}

// The same for every kernel, since making them takes longest.
const std::vector<std::shared_ptr<const Rotation>>& some_rotations() {
  static const std::vector<std::shared_ptr<const Rotation>> rotations = [] {
    std::vector<std::shared_ptr<const Rotation>> made;
    for (const auto& [dimensions, head] : {std::pair<std::size_t, std::size_t>{144, 32},
                                           {256, 64},
                                           {384, 112},
                                           {384, 128},
                                           {384, 192},
                                           {1024, 512}}) {
      if (!is_brief() || dimensions <= 384) made.push_back(random_rotation(dimensions, head, random_bits));
    }
    return made;
  }();
  return rotations;
}

void test_no_row_that_reaches_is_passed_over(const SearchKernel& kernel) {
  for (const auto& rotation : some_rotations()) {
    const std::size_t dimensions = rotation->dimensions();
    std::vector<std::vector<float>> rows;
    for (std::size_t kind = 0; kind < static_cast<std::size_t>(RowKind::count); ++kind) {
      const std::vector<std::vector<float>> alike = {random_row(static_cast<RowKind>(kind), dimensions),
                                                     random_row(static_cast<RowKind>(kind), dimensions)};
      CHECK(Case(kernel, rotation, alike, queries_for(alike)).are_bounds_right());
      rows.insert(rows.end(), alike.begin(), alike.end());
    }
    CHECK(Case(kernel, rotation, rows, queries_for(rows)).are_bounds_right());
    // Apart from the others: a long row widens the bounds of all.
    std::vector<std::vector<float>> units;
    for (int at = 0; at < 20; ++at) units.push_back(falling_row(dimensions));
    for (int at = 0; at < 20; ++at) units.push_back(near_to(units.back(), 1e-3F));
    CHECK(Case(kernel, rotation, units, queries_for(units)).are_bounds_right());
  }
}

// A matrix that is far from orthogonal changes no answer either: its defect widens the bounds.
void test_a_poor_rotation_has_wider_bounds(const SearchKernel& kernel) {
  std::vector<double> basis = random_basis(256, 64 + kRecordDimensions, random_bits);
  for (std::size_t i = 0; i < 256; ++i) basis[i] = 0.95 * basis[i] + 0.05 * basis[256 + i];
  std::vector<std::vector<float>> rows;
  for (int at = 0; at < 40; ++at) rows.push_back(falling_row(256));
  CHECK(Case(kernel, std::make_shared<const Rotation>(256, 64, basis), rows, queries_for(rows))
            .are_bounds_right());
  // Further on there is no bound, and every row passes.
  std::copy_n(basis.begin(), 256, basis.begin() + 256);
  Case without(kernel, std::make_shared<const Rotation>(256, 64, basis), rows, queries_for(rows));
  CHECK(without.are_bounds_right());
  CHECK(without.share_within(kMax) == 1);
}

// Bounds that let everything pass would fulfill the tests above.
void test_bounds_are_near_to_scores(const SearchKernel& kernel) {
  constexpr std::size_t kDimensions = 384;
  std::vector<double> axes((128 + kRecordDimensions) * kDimensions);
  for (std::size_t j = 0; j < 128 + kRecordDimensions; ++j) axes[j * kDimensions + j] = 1;
  std::vector<std::vector<float>> rows;
  std::vector<std::vector<float>> queries;
  for (std::size_t at = 0; at < kRowCount; ++at) rows.push_back(falling_row(kDimensions));
  for (int at = 0; at < 20; ++at) queries.push_back(falling_row(kDimensions));
  Case made(kernel, std::make_shared<const Rotation>(kDimensions, 128, axes), rows, queries);
  CHECK(made.are_bounds_right());
  CHECK(made.share_within(0.4F) < 0.01);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_no_row_that_reaches_is_passed_over,
                                 test_a_poor_rotation_has_wider_bounds, test_bounds_are_near_to_scores);
}
