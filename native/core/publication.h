// What readers may see: the published sequence, the chunks it reaches, and who is reading which sequence.
#pragma once

#include <memory>
#include <mutex>

#include "core/row_chunk.h"

namespace cosimo {

class Publication;

/// One reader's view: the index as it was when the pin was made, for as long as the pin lives.
/// Any thread may make, use and end a pin; several may read through one. It must not outlive its Publication.
class Pin {
 public:
  explicit Pin(Publication& publication);
  ~Pin();
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

  Sequence sequence() const noexcept { return sequence_; }
  const ChunkTable& chunks() const noexcept { return *chunks_; }

 private:
  friend class Publication;

  Publication& publication_;
  Sequence sequence_ = 0;
  std::shared_ptr<const ChunkTable> chunks_;
  Pin* older_ = nullptr;
  Pin* newer_ = nullptr;
};

/// Pinning and publishing take a mutex for a few instructions; a scan takes none. (A lock-free pin may come
/// later.) That mutex also orders memory: what was written before publish() is seen by pins made after it,
/// and what a reader did before its pin ended has happened before oldest_visible() says so.
class Publication {
 public:
  /// Throws std::bad_alloc.
  Publication() : chunks_(std::make_shared<const ChunkTable>()) {}

  /// From now on new pins see `sequence` and `chunks`. The writer's call.
  void publish(Sequence sequence, std::shared_ptr<const ChunkTable> chunks) noexcept;

  /// The oldest sequence that a reader sees now or can come to see: a row that died at or before it is unseen
  /// for good.
  Sequence oldest_visible() const noexcept;

 private:
  friend class Pin;

  mutable std::mutex mutex_;
  Sequence sequence_ = 0;
  std::shared_ptr<const ChunkTable> chunks_;
  Pin* oldest_ = nullptr;  // pins are made in the order of their sequences, so the list is sorted by itself
  Pin* newest_ = nullptr;
};

}  // namespace cosimo
