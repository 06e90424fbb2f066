// An index whose full chunks have rotated codes.
#pragma once

#include <algorithm>
#include <memory>

#include "core/index/vector_index.h"
#include "support/wait_for.h"

namespace cosimo::test {

inline bool is_coded_by(const VectorIndex& index, const Rotation& rotation) {
  const Snapshot now = index.snapshot();
  for (std::size_t at = 0; at < now.chunks().size(); ++at) {
    const IndexedChunk& chunk = now.chunks()[at];
    if (now.rows_of(at) < kRowsPerChunk) continue;
    if (!chunk.rotated || &chunk.rotated->rotation() != &rotation) return false;
  }
  return true;
}

/// Returns once every full chunk is coded by `rotation`; false if that takes too long.
inline bool rotate_fully(VectorIndex& index, const std::shared_ptr<const Rotation>& rotation) {
  index.rotate_by(rotation);
  // The coding thread has the lowest priority: beside other programs it may wait for long.
  return wait_for([&] { return is_coded_by(index, *rotation); }, std::chrono::seconds(200));
}

}  // namespace cosimo::test
