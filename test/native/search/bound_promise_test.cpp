// The promise of bounds: every row whose score reaches the threshold passes, for rows and queries of every
// kind.
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/kernels/reference_codes.h"
#include "support/kernels/tested_kernels.h"

namespace cosimo::test {
namespace {

float round_to_float(double sum) {
  return static_cast<float>(std::clamp(sum, -static_cast<double>(kMax), static_cast<double>(kMax)));
}

std::vector<float> last_bits_changed(std::span<const float> row) {
  std::vector<float> other(row.begin(), row.end());
  for (float& value : other) value = std::nextafter(value, random_sign(kMax));
  return other;
}

// Makes queries of every kind, and some that are near to the first row or equal to it.
std::vector<std::vector<float>> make_queries(Rows& rows) {
  std::vector<std::vector<float>> queries;
  for (std::size_t kind = 0; kind < static_cast<std::size_t>(RowKind::count); ++kind)
    queries.push_back(random_row(static_cast<RowKind>(kind), rows.dimensions));
  const std::vector<float> first(rows.row(0).begin(), rows.row(0).end());
  queries.push_back(first);
  queries.push_back(last_bits_changed(first));
  queries.push_back(near_to(first, 0.1F));
  std::vector<float> opposite = first;
  for (float& value : opposite) value = -value;
  queries.push_back(opposite);
  return queries;
}

// With a row's own score as the threshold, its bit is set by every kind of bound.
bool keeps_promise(const SearchKernel& kernel, Rows& rows) {
  CodeStore store(rows.dimensions, 1);
  kernel.quantize_block(rows.floats.get(), rows.stride, rows.dimensions, store.block(0));
  const auto queries = make_queries(rows);
  QueryStore coded(rows.dimensions, queries.size());
  std::vector<double> sums(queries.size() * kBlockRows);
  const auto doubles = make_aligned_array<double>(rows.stride);
  for (std::size_t query = 0; query < queries.size(); ++query) {
    coded.encode(query, queries[query]);
    std::fill_n(doubles.get(), rows.stride, 0.0);
    std::copy(queries[query].begin(), queries[query].end(), doubles.get());
    kernel.score_rows(doubles.get(), rows.floats.get(), kBlockRows, rows.stride, &sums[query * kBlockRows]);
  }
  bool kept = true;
  for (std::size_t row = 0; row < kBlockRows; ++row) {
    std::vector<float> scores;
    for (std::size_t query = 0; query < queries.size(); ++query)
      scores.push_back(round_to_float(sums[query * kBlockRows + row]));
    std::vector<std::uint16_t> passed(queries.size() * kMaxBlocks);
    kernel.bound_many(coded.view(queries.size()), store.view(), 0, 1, scores.data(), coded.scratch(),
                      passed.data());
    for (std::size_t query = 0; query < queries.size(); ++query) {
      std::uint16_t upper = 0;
      std::uint16_t whole = 0;
      kernel.bound_upper(coded.query(query), store.view(), 0, 1, scores[query], &upper);
      kernel.bound_whole(coded.query(query), store.view(), 0, 1, scores[query], &whole);
      kept = kept && ((upper & whole & passed[query * kMaxBlocks]) >> row & 1) == 1;
    }
  }
  return kept;
}

void test_no_row_that_reaches_is_passed_over(const SearchKernel& kernel) {
  for (const std::size_t dimensions : {1, 2, 7, 16, 33, 384, 385, 1024}) {
    Rows mixed(dimensions, kBlockRows);
    for (std::size_t at = 0; at < kBlockRows; ++at) mixed.set(at, random_row(random_kind(), dimensions));
    CHECK(keeps_promise(kernel, mixed));
    for (const RowKind kind :
         {RowKind::normal, RowKind::barely_codable, RowKind::most_codable, RowKind::ones}) {
      Rows clustered(dimensions, kBlockRows);
      clustered.set(0, random_row(kind, dimensions));
      for (std::size_t at = 1; at < kBlockRows; ++at) {
        const float width = std::fabs(clustered.row(0)[0]) * std::ldexp(1.0F, -static_cast<int>(at));
        clustered.set(at,
                      at % 3 == 0 ? last_bits_changed(clustered.row(0)) : near_to(clustered.row(0), width));
      }
      CHECK(keeps_promise(kernel, clustered));
    }
  }
  Rows longest(kMaxDimensions, kBlockRows);
  for (std::size_t at = 0; at < kBlockRows; ++at)
    longest.set(at, random_row(at % 2 == 0 ? RowKind::ones : RowKind::normal, kMaxDimensions));
  CHECK(keeps_promise(kernel, longest));
}

// A bound that lets everything pass would fulfill the test above. Far from every row, hardly any bit may be
// set.
void test_hardly_any_other_row_passes(const SearchKernel& kernel) {
  constexpr std::size_t kDimensions = 384;
  Rows rows(kDimensions, kBlockRows);
  for (std::size_t at = 0; at < kBlockRows; ++at) rows.set(at, random_row(RowKind::normal, kDimensions));
  CodeStore store(kDimensions, 1);
  kernel.quantize_block(rows.floats.get(), rows.stride, kDimensions, store.block(0));
  QueryStore coded(kDimensions, 1);
  coded.encode(0, random_row(RowKind::normal, kDimensions));
  std::uint16_t upper = 0;
  std::uint16_t whole = 0;
  // Norms are near √384: scores of unrelated rows are within about ±20, the score of an equal row is near
  // 384.
  kernel.bound_upper(coded.query(0), store.view(), 0, 1, 192.0F, &upper);
  kernel.bound_whole(coded.query(0), store.view(), 0, 1, 192.0F, &whole);
  CHECK(upper == 0 && whole == 0);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_no_row_that_reaches_is_passed_over, test_hardly_any_other_row_passes);
}
