// A chunk as a search sees it.
#pragma once

#include "core/index/snapshot.h"

namespace cosimo {

struct ChunkView {
  const RowChunk& chunk;
  const PlainCodes* plain;  // null where there are rotated ones
  Sequence sequence;
  std::size_t rows;
};

inline ChunkView view_of(const Snapshot& snapshot, std::size_t at) noexcept {
  const IndexedChunk& chunk = snapshot.chunks()[at];
  return {*chunk.rows, chunk.plain.get(), snapshot.sequence(), snapshot.rows_of(at)};
}

}  // namespace cosimo
