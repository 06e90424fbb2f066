// What readers of an index see: a snapshot, and where the writer publishes the next one.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "core/index/indexed_chunk.h"

namespace cosimo {

/// The index as it was at one sequence number. It keeps alive the chunks that it contains. Any thread may
/// take, use and end one; several may read through the same.
class Snapshot {
 public:
  Snapshot(Sequence sequence, std::shared_ptr<const ChunkTable> chunks, std::size_t rows_of_last) noexcept
      : sequence_(sequence), rows_of_last_(rows_of_last), chunks_(std::move(chunks)) {}

  Sequence sequence() const noexcept { return sequence_; }
  const ChunkTable& chunks() const noexcept { return *chunks_; }
  const std::shared_ptr<const ChunkTable>& table() const noexcept { return chunks_; }

  /// How many rows of chunk `at` belong to the snapshot, dead ones included.
  std::size_t rows_of(std::size_t at) const noexcept {
    return at + 1 == chunks_->size() ? rows_of_last_ : kRowsPerChunk;
  }

 private:
  Sequence sequence_;
  std::size_t rows_of_last_;
  std::shared_ptr<const ChunkTable> chunks_;
};

/// Taking a snapshot and publishing one lock a mutex for a few instructions; reading through a snapshot locks
/// nothing. The mutex also orders memory: what the writer wrote before publish() is seen through every later
/// snapshot.
class PublishedSnapshot {
 public:
  /// An index without rows. Throws std::bad_alloc.
  PublishedSnapshot() : chunks_(std::make_shared<const ChunkTable>()) {}

  /// Later calls of take() return this. The writer's call.
  void publish(Sequence sequence, std::shared_ptr<const ChunkTable> chunks,
               std::size_t rows_of_last) noexcept;

  Snapshot take() const noexcept;

 private:
  mutable std::mutex mutex_;
  Sequence sequence_ = 0;
  std::size_t rows_of_last_ = 0;
  std::shared_ptr<const ChunkTable> chunks_;
};

}  // namespace cosimo
