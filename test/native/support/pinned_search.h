// A search on the calling thread, through a pin.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/search/chunk_scan.h"
#include "core/index/vector_index.h"
#include "kernels/search/dispatch.h"

namespace cosimo::test {

inline std::vector<Hit> search_pinned(const Pin& pin, std::span<const float> query, std::size_t top_k,
                                      double threshold) {
  const auto search = std::make_shared<Search>(PreparedQuery(query), top_k, threshold, [](SearchResult) {});
  const QueryBatch batch({search});
  ScanChoice choice(CodeScan::automatic);
  ChunkScan scan(batch, active_kernel(), choice);
  for (std::size_t at = 0; at < pin.chunks().size(); ++at) scan.scan(pin, at);
  return scan.best(0).take_sorted();
}

inline std::vector<Hit> search_now(const VectorIndex& index, std::span<const float> query, std::size_t top_k,
                                   double threshold) {
  const Pin pin(index.publication());
  return search_pinned(pin, query, top_k, threshold);
}

}  // namespace cosimo::test
