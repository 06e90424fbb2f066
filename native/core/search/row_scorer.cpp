#include "core/search/row_scorer.h"

namespace cosimo {

RowScorer::RowScorer(const QueryBatch& batch, const SearchKernel& kernel) : batch_(batch), kernel_(kernel) {
  best_.reserve(batch.size());
  for (const auto& search : batch.searches()) best_.push_back(search->no_hits());
}

void RowScorer::score(const ChunkView& view, std::size_t row, std::size_t search) {
  if (!view.chunk.is_live(row, view.sequence)) return;
  const PreparedQuery& query = batch_.search(search).query();
  double sum = 0;
  kernel_.score_rows(query.data(), view.chunk.row(row), 1, query.stride(), &sum);
  ++scored_rows_;
  TopK& best = best_[search];
  best.offer({round_score(sum), view.chunk.key(row)});
  batch_.search(search).raise_score_threshold(best.score_threshold());
}

std::size_t RowScorer::read_bytes() const noexcept {
  return scored_rows_ * batch_.search(0).query().stride() * sizeof(float);
}

}  // namespace cosimo
