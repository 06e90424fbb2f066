// The scan of a chunk: bounds by codes first, exact scores of the rows that may be hits.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/index/publication.h"
#include "core/search/scan_choice.h"
#include "core/search/scan_counters.h"
#include "core/search/search.h"
#include "kernels/search/kernel.h"

namespace cosimo {

/// What all threads of one scan share: the searches, side by side as kernels want them. Immutable.
class QueryBatch {
 public:
  /// Throws std::bad_alloc. The searches have the same dimensions; there is at least one.
  explicit QueryBatch(std::vector<std::shared_ptr<Search>> searches);

  std::size_t size() const noexcept { return searches_.size(); }
  Search& search(std::size_t at) const noexcept { return *searches_[at]; }
  const std::vector<std::shared_ptr<Search>>& searches() const noexcept { return searches_; }
  const CodeQueries& codes() const noexcept { return codes_; }

 private:
  std::vector<std::shared_ptr<Search>> searches_;
  AlignedArray<std::int8_t> code_bytes_;
  std::vector<CodeQuery> code_queries_;
  CodeQueries codes_{};
};

/// One thread's part of a scan: its own best hits of each search.
class ChunkScan {
 public:
  /// Throws std::bad_alloc. What is given outlives it.
  ChunkScan(const QueryBatch& batch, const Kernel& kernel, ScanChoice& choice);

  /// Offers every row of the pin's chunk `at` that is live for it. Throws std::bad_alloc.
  void scan(const Pin& pin, std::size_t at);

  TopK& best(std::size_t search) noexcept { return best_[search]; }
  const ScanCounts& counts() const noexcept { return counts_; }

 private:
  /// A chunk as one pin sees it.
  struct View {
    const RowChunk& chunk;
    Sequence sequence;
    std::size_t rows;
  };

  void scan_by_planes(const View& view, std::size_t search);
  void scan_by_bytes(const View& view, std::size_t search);
  void scan_many(const View& view);
  void score_rest(const View& view, std::size_t search);
  void score_block(const View& view, std::size_t block, std::uint16_t passed, std::size_t search);
  void score_row(const View& view, std::size_t row, std::size_t search);
  float floor(std::size_t search) const noexcept;

  const QueryBatch& batch_;
  const Kernel& kernel_;
  ScanChoice& choice_;
  std::vector<TopK> best_;
  ScanCounts counts_;
  std::size_t chunks_scanned_ = 0;
  AlignedArray<std::uint8_t> scratch_;  // for many queries only
  std::vector<float> floors_;
  std::vector<std::uint16_t> passed_;
};

}  // namespace cosimo
