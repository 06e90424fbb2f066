// The queries of a batch, rotated for each rotation of an index.
#pragma once

#include <memory>
#include <vector>

#include "core/index/snapshot.h"
#include "core/rotation/rotated_queries.h"
#include "core/search/query_batch.h"

namespace cosimo {

/// Immutable.
class RotatedBatches {
 public:
  /// For every rotation that a chunk of the snapshot has. Throws std::bad_alloc.
  RotatedBatches(const QueryBatch& batch, const Snapshot& snapshot, const SearchKernel& kernel);

  /// Of a rotation of the snapshot.
  const RotatedQueries& of(const Rotation& rotation) const noexcept;

 private:
  struct Rotated {
    const Rotation* rotation;
    std::unique_ptr<const RotatedQueries> queries;
  };

  std::vector<Rotated> all_;  // mostly one, and two while another one replaces it
};

}  // namespace cosimo
