#include "core/rotation/learn_rotation.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "core/rotation/principal_directions.h"
#include "core/rotation/rotated_codes.h"
#include "core/rotation/rotated_queries.h"

namespace cosimo {
namespace {

constexpr std::size_t kJudgedQueries = 256;

// What a row that passes by its head costs, and one that is scored, measured as the bytes that are read in
// order in the same time: they are read out of order. With AVX2, a row that passes takes the time of some 150
// bytes for one query and of 550 for 64 at once; one head serves both.
constexpr double kRecordCost = 300;
constexpr double kScoreCost = 3000;

// Heads from a sixth to a half of the dimensions.
std::vector<std::size_t> head_lengths(std::size_t dimensions) {
  std::vector<std::size_t> lengths;
  for (const std::size_t part : {4, 5, 6, 7, 8, 9, 10, 12}) {
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

// Some rows of a sample as queries, with the thresholds that the others set for them.
class Judge {
 public:
  Judge(const RowSample& sample, const SearchKernel& kernel)
      : sample_(sample),
        kernel_(kernel),
        queries_(make_aligned_array<float>(kJudgedQueries * sample.dimensions)) {
    const std::size_t n = sample.dimensions;
    for (std::size_t i = 0; i < kJudgedQueries; ++i) {
      const std::size_t row = i * sample.count / kJudgedQueries;
      std::copy_n(sample.rows.get() + row * n, n, queries_.get() + i * n);
      thresholds_.push_back(best_score(sample, row, kernel));
    }
  }

  // As judge_rotation says.
  double cost_of(const std::shared_ptr<const Rotation>& rotation) const {
    const auto memory = std::make_shared<RotatedMemory>(rotation, sample_.count,
                                                        std::make_shared<std::atomic<std::size_t>>(0));
    const RotatedCodes codes(memory, sample_.rows.get(), kernel_);
    const RotatedQueries queries(*rotation, queries_.get(), kJudgedQueries, kernel_);
    std::vector<PassedRows> passed(kJudgedQueries);
    std::size_t head_passed = 0;
    std::size_t record_passed = 0;
    const std::size_t blocks = sample_.count / kBlockRows;
    for (std::size_t first = 0; first < blocks; first += kRunBlocks) {
      kernel_.rotated.bound_heads(queries.heads(), codes.heads(), first, std::min(kRunBlocks, blocks - first),
                                  thresholds_.data(), passed.data());
      for (std::size_t query = 0; query < kJudgedQueries; ++query) {
        head_passed += passed[query].count;
        kernel_.rotated.bound_records(queries.records()[query], codes.records(), thresholds_[query],
                                      passed[query]);
        record_passed += passed[query].count;
      }
    }
    const auto looked_at = static_cast<double>(kJudgedQueries * sample_.count);
    return static_cast<double>(RotatedCodes::head_block_bytes(rotation->head_dimensions())) / kBlockRows +
           static_cast<double>(head_passed) / looked_at * kRecordCost +
           static_cast<double>(record_passed) / looked_at * kScoreCost;
  }

 private:
  const RowSample& sample_;
  const SearchKernel& kernel_;
  AlignedArray<float> queries_;
  std::vector<float> thresholds_;
};

}  // namespace

double judge_rotation(const std::shared_ptr<const Rotation>& rotation, const RowSample& sample,
                      const SearchKernel& kernel) {
  return Judge(sample, kernel).cost_of(rotation);
}

JudgedRotation learn_rotation(const RowSample& sample, const SearchKernel& kernel,
                              const std::atomic<bool>& stopping) {
  const std::size_t n = sample.dimensions;
  const std::vector<std::size_t> heads = head_lengths(n);
  const std::vector<double> basis = principal_directions({sample.rows.get(), sample.count * n}, n,
                                                         heads.back() + kRecordDimensions, stopping);
  if (basis.empty()) return {};
  const Judge judge(sample, kernel);
  JudgedRotation best;
  for (const std::size_t head : heads) {
    if (stopping.load(std::memory_order_relaxed)) return {};
    auto rotation = std::make_shared<const Rotation>(n, head, basis);
    const double cost = judge.cost_of(rotation);
    if (!best.rotation || cost < best.cost) best = {std::move(rotation), cost};
  }
  return best;
}

}  // namespace cosimo
