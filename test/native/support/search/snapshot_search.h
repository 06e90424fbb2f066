// A search on the calling thread, without a Searcher.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/index/vector_index.h"
#include "core/search/chunk_scan.h"
#include "kernels/search/search_dispatch.h"

namespace cosimo::test {

inline std::vector<Hit> search_snapshot(const Snapshot& snapshot, std::span<const float> query,
                                        std::size_t top_k, double threshold) {
  const auto search =
      std::make_shared<PendingSearch>(PreparedQuery(query), top_k, threshold, [](SearchResult) {});
  const QueryBatch batch({search});
  ScanChoice choice(CodeScan::automatic);
  const RotatedBatches rotated(batch, snapshot, active_search_kernel());
  const std::optional<const Snapshot> kept(snapshot);
  ChunkScan scan(batch, rotated, kept, active_search_kernel(), choice);
  for (std::size_t at = 0; at < snapshot.chunks().size(); ++at) scan.scan(at);
  scan.finish();
  return scan.best(0).take_sorted();
}

/// Through a snapshot of this moment.
inline std::vector<Hit> search_now(const VectorIndex& index, std::span<const float> query, std::size_t top_k,
                                   double threshold) {
  return search_snapshot(index.snapshot(), query, top_k, threshold);
}

}  // namespace cosimo::test
