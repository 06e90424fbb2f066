// The scan of chunks with rotated codes: heads bound the score of every row, records those of the rows that
// pass, and rows that may be hits are scored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/aligned_array.h"
#include "core/search/rotated_batches.h"
#include "core/search/row_scorer.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// One thread's. While the score threshold is low, most rows pass. So the rows of a thread's first chunks
/// wait until the heads of all of them have been bounded: those with the highest bounds are scored first, and
/// the threshold that they make rules most of the others out.
class RotatedScan {
 public:
  /// The arguments outlive it. The snapshot is read in the calls below alone. Throws std::bad_alloc.
  RotatedScan(const QueryBatch& batch, const RotatedBatches& rotated,
              const std::optional<const Snapshot>& snapshot, const SearchKernel& kernel, RowScorer& scorer);

  /// Looks at every live row of chunk `at`, a full one, for every search; rows of the first chunks wait.
  /// Throws std::bad_alloc.
  void scan(std::size_t at);

  /// Looks at the rows that wait. Called after the last chunk. Throws std::bad_alloc.
  void finish();

  const ScanCounts& counts() const noexcept { return counts_; }

 private:
  /// Of the rows that wait, those of a search with the highest bounds: a heap with the lowest in front.
  struct Promising {
    struct Row {
      float bound;
      std::uint32_t at;  // of waiting_bounds_
      bool operator>(const Row& other) const noexcept { return bound > other.bound; }
    };
    std::size_t limit;
    std::vector<Row> rows;
  };

  // A row that has passed by its record, too.
  struct RowToScore {
    std::uint32_t row;
    std::uint32_t search;
    float bound;
  };

  bool is_opening() const noexcept { return waiting_chunks_.size() < opening_chunks_; }
  void bound_run(std::size_t chunk, std::size_t first_block);
  void wait(std::size_t chunk);
  void note_promising(std::size_t search, std::size_t at);
  void look_at_waiting();
  void score_promising(std::size_t search);
  void take_waiting(std::size_t run, std::size_t search);
  void take_run(std::size_t chunk);
  void bound_records(std::size_t chunk);
  void score_rows(std::size_t chunk);
  void finish_chunk(std::size_t chunk);

  const QueryBatch& batch_;
  const RotatedBatches& rotated_;
  const std::optional<const Snapshot>& snapshot_;
  RowScorer& scorer_;
  const SearchKernel& kernel_;
  ScanCounts counts_;
  // Of each search.
  std::vector<float> thresholds_;
  std::vector<PassedRows> passed_;   // by their heads, of the present run
  std::vector<PassedRows> fetched_;  // likewise, of the run before: their records are being fetched
  std::vector<RowToScore> rows_to_score_;

  std::size_t opening_chunks_;  // 0 once the rows of so many have been looked at
  std::vector<std::size_t> waiting_chunks_;
  // [run][search][kRunRows]: of the rows that wait; a bound is −∞ once the row is scored
  AlignedArray<float> waiting_bounds_;
  std::vector<Promising> promising_;
};

}  // namespace cosimo
