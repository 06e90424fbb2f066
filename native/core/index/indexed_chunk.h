// A chunk with its codes, and the table of all chunks that an index publishes.
#pragma once

#include <memory>
#include <vector>

#include "core/index/plain_codes.h"
#include "core/index/row_chunk.h"
#include "core/rotation/rotated_codes.h"

namespace cosimo {

/// A chunk's codes are plain at first. Those of a full chunk may be replaced by rotated ones, in another
/// table.
struct IndexedChunk {
  std::shared_ptr<RowChunk> rows;
  std::shared_ptr<PlainCodes> plain;            // null where there are rotated ones
  std::shared_ptr<const RotatedCodes> rotated;  // null where there are plain ones
};

/// The chunks of an index; all but the last are full. A table never changes: an index that grows publishes
/// another.
using ChunkTable = std::vector<IndexedChunk>;

}  // namespace cosimo
