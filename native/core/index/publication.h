// What readers may see: the published sequence and the rows it reaches.
#pragma once

#include <memory>
#include <mutex>

#include "core/index/row_chunk.h"

namespace cosimo {

class Publication;

/// One reader's view: the index as it was when the pin was made, for as long as the pin lives. It keeps the
/// chunks that it sees. Any thread may make, use and end a pin; several may read through one.
class Pin {
 public:
  explicit Pin(const Publication& publication);

  Sequence sequence() const noexcept { return sequence_; }
  const ChunkTable& chunks() const noexcept { return *chunks_; }

  /// Rows of chunk `at` that there are for this reader, dead ones included.
  std::size_t rows_of(std::size_t at) const noexcept {
    return at + 1 == chunks_->size() ? rows_of_last_ : kRowsPerChunk;
  }

 private:
  Sequence sequence_ = 0;
  std::size_t rows_of_last_ = 0;
  std::shared_ptr<const ChunkTable> chunks_;
};

/// Pinning and publishing take a mutex for a few instructions; a scan takes none. That mutex also orders
/// memory: what was written before publish() is seen by pins made after it.
class Publication {
 public:
  /// Throws std::bad_alloc.
  Publication() : chunks_(std::make_shared<const ChunkTable>()) {}

  /// From now on new pins see this. The writer's call.
  void publish(Sequence sequence, std::shared_ptr<const ChunkTable> chunks,
               std::size_t rows_of_last) noexcept;

 private:
  friend class Pin;

  mutable std::mutex mutex_;
  Sequence sequence_ = 0;
  std::size_t rows_of_last_ = 0;
  std::shared_ptr<const ChunkTable> chunks_;
};

}  // namespace cosimo
