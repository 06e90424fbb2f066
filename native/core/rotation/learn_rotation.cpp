#include "core/rotation/learn_rotation.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>
#include <vector>

#include "core/rotation/principal_directions.h"
#include "core/rotation/rotated_codes.h"
#include "core/rotation/rotated_queries.h"

namespace cosimo {
namespace {

constexpr std::size_t kJudgedQueries = 32;

// What a row that passes by its head costs, and one that is scored: they are read out of order.
constexpr double kRecordCost = 500;
constexpr double kScoreCost = 3000;

// Heads from a sixth to a half of the dimensions.
std::vector<std::size_t> head_lengths(std::size_t dimensions) {
  std::vector<std::size_t> lengths;
  for (const std::size_t part : {4, 5, 6, 7, 8, 10, 12}) {
    const std::size_t length = dimensions * part / 24 / kHeadAlignment * kHeadAlignment;
    if (lengths.empty() || lengths.back() != length) lengths.push_back(length);
  }
  return lengths;
}

// The best score of row `query` with any other row.
float best_score(const RowSample& sample, std::size_t query, const SearchKernel& kernel) {
  const std::size_t n = sample.dimensions;
  const AlignedArray<double> values = make_aligned_array<double>(n);
  std::copy_n(sample.rows.get() + query * n, n, values.get());
  std::vector<double> scores(sample.count);
  kernel.score_rows(values.get(), sample.rows.get(), sample.count, n, scores.data());
  scores[query] = -std::numeric_limits<double>::infinity();
  return static_cast<float>(*std::max_element(scores.begin(), scores.end()));
}

// Adds the rows of block first + place % kMaxHeadBlocks that have passed.
void add_passed(std::size_t place, std::size_t first, unsigned passed, const float* bounds,
                std::vector<PassedRow>& rows) {
  for (unsigned left = passed; left != 0; left &= left - 1) {
    const auto r = static_cast<std::size_t>(std::countr_zero(left));
    const std::size_t row = (first + place % kMaxHeadBlocks) * kBlockRows + r;
    rows.push_back({static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(place / kMaxHeadBlocks),
                    bounds[place * kBlockRows + r]});
  }
}

}  // namespace

double judge_rotation(std::shared_ptr<const Rotation> rotation, const RowSample& sample,
                      const SearchKernel& kernel) {
  const std::size_t n = sample.dimensions;
  const auto memory =
      std::make_shared<RotatedMemory>(rotation, sample.count, std::make_shared<std::atomic<std::size_t>>(0));
  const RotatedCodes codes(memory, sample.rows.get(), kernel);
  const AlignedArray<float> values = make_aligned_array<float>(kJudgedQueries * n);
  std::vector<float> thresholds;
  for (std::size_t i = 0; i < kJudgedQueries; ++i) {
    const std::size_t row = i * sample.count / kJudgedQueries;
    std::copy_n(sample.rows.get() + row * n, n, values.get() + i * n);
    thresholds.push_back(best_score(sample, row, kernel));
  }
  const RotatedQueries queries(*rotation, values.get(), kJudgedQueries, kernel);
  std::vector<float> bounds(kJudgedQueries * kMaxHeadBlocks * kBlockRows);
  std::vector<std::uint16_t> passed(kJudgedQueries * kMaxHeadBlocks);
  std::size_t head_passed = 0;
  std::size_t record_passed = 0;
  const std::size_t blocks = sample.count / kBlockRows;
  std::vector<PassedRow> rows;
  for (std::size_t first = 0; first < blocks; first += kMaxHeadBlocks) {
    const std::size_t count = std::min(kMaxHeadBlocks, blocks - first);
    kernel.rotated.bound_heads(queries.heads(), codes.heads(), first, count, thresholds.data(),
                               {passed.data(), bounds.data()});
    rows.clear();
    for (std::size_t place = 0; place < passed.size(); ++place) {
      if (place % kMaxHeadBlocks < count) add_passed(place, first, passed[place], bounds.data(), rows);
    }
    kernel.rotated.bound_records(queries.records(),
                                 {codes.records(), codes.norm(), rows.size(), rows.data()});
    head_passed += rows.size();
    for (const PassedRow& row : rows) record_passed += row.bound < thresholds[row.query] ? 0 : 1;
  }
  const auto looked_at = static_cast<double>(kJudgedQueries * sample.count);
  return static_cast<double>(RotatedCodes::head_block_bytes(rotation->head())) / kBlockRows +
         static_cast<double>(head_passed) / looked_at * kRecordCost +
         static_cast<double>(record_passed) / looked_at * kScoreCost;
}

JudgedRotation learn_rotation(const RowSample& sample, const SearchKernel& kernel,
                              const std::atomic<bool>& stopping) {
  const std::size_t n = sample.dimensions;
  const std::vector<std::size_t> heads = head_lengths(n);
  const std::vector<double> basis = principal_directions({sample.rows.get(), sample.count * n}, n,
                                                         heads.back() + kRecordDimensions, stopping);
  JudgedRotation best;
  for (const std::size_t head : heads) {
    if (basis.empty() || stopping.load(std::memory_order_relaxed)) return {};
    auto rotation = std::make_shared<const Rotation>(n, head, basis);
    const double cost = judge_rotation(rotation, sample, kernel);
    if (!best.rotation || cost < best.cost) best = {std::move(rotation), cost};
  }
  return best;
}

}  // namespace cosimo
