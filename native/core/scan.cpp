#include "core/scan.h"

#include <algorithm>
#include <limits>

#include "core/finite.h"

namespace cosimo {
namespace {

// Rows scored by one call of the kernel: few enough for the stack, enough to forget the call.
constexpr std::size_t kRowsPerCall = 64;

void score_run(const RowChunk& chunk, std::size_t first, std::size_t count, const PreparedQuery& query,
               const Kernel& kernel, TopK& best) {
  double sums[kRowsPerCall];
  kernel.score_rows(query.data(), chunk.row(first), count, query.stride(), sums);
  for (std::size_t i = 0; i < count; ++i) best.offer({round_score(sums[i]), chunk.key(first + i)});
}

}  // namespace

float round_score(double sum) noexcept {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(sum, -kLargest, kLargest));
}

PreparedQuery::PreparedQuery(std::span<const float> query, std::size_t stride)
    : stride_(stride), values_(make_aligned_array<double>(stride)) {
  require_finite(query);
  std::fill(std::copy(query.begin(), query.end(), values_.get()), values_.get() + stride, 0.0);
}

void scan_chunk(const RowChunk& chunk, Sequence sequence, const PreparedQuery& query, const Kernel& kernel,
                TopK& best) {
  // A row that this reader can't see may be under the writer's hands: only runs of visible rows are read.
  std::size_t run = 0;
  for (std::size_t row = 0; row < kRowsPerChunk; ++row) {
    const bool visible = chunk.is_visible(row, sequence);
    if (visible) ++run;
    if (run > 0 && (!visible || run == kRowsPerCall)) {
      score_run(chunk, row + (visible ? 1 : 0) - run, run, query, kernel, best);
      run = 0;
    }
  }
  if (run > 0) score_run(chunk, kRowsPerChunk - run, run, query, kernel, best);
}

}  // namespace cosimo
