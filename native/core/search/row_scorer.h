// Exact scores, and the best hits that one thread has found.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "core/search/chunk_view.h"
#include "core/search/query_batch.h"
#include "core/search/scan_counters.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

class RowScorer {
 public:
  /// The arguments outlive it. Throws std::bad_alloc.
  RowScorer(const QueryBatch& batch, const SearchKernel& kernel);

  /// Scores a row for a search, unless it is dead. Throws std::bad_alloc.
  void score(const ChunkView& view, std::size_t row, std::size_t search);

  /// A row that scores less is no hit. Infinite for a settled search: only rows with infinite bounds reach
  /// it.
  float threshold(std::size_t search) const noexcept {
    const PendingSearch& asked = batch_.search(search);
    return asked.is_settled() ? std::numeric_limits<float>::infinity() : asked.score_threshold();
  }

  TopK& best(std::size_t search) noexcept { return best_[search]; }
  std::size_t scored_rows() const noexcept { return scored_rows_; }
  std::size_t read_bytes() const noexcept;

 private:
  const QueryBatch& batch_;
  const SearchKernel& kernel_;
  std::vector<TopK> best_;
  std::size_t scored_rows_ = 0;
};

}  // namespace cosimo
