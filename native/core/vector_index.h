// An in-memory matrix of float rows that is searched exactly while it changes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/key_map.h"
#include "core/publication.h"
#include "core/row_chunk.h"

namespace cosimo {

constexpr std::size_t kMaxDimensions = 16384;

/// Rows of `dimensions` float32 under unique keys. Writers exclude one another; readers never wait for them.
///
/// Each writing call is one published step: a reader sees all of it or nothing. A live row is never
/// overwritten; the slot of a removed row is used again once no pinned reader can see it. Chunks are kept
/// until the index ends.
///
/// Errors: Error invalid_argument and not_finite, std::bad_alloc; the index is then as it was before the
/// call.
class VectorIndex {
 public:
  /// dimensions: 1 … kMaxDimensions.
  explicit VectorIndex(std::size_t dimensions);

  std::size_t dimensions() const noexcept { return dimensions_; }
  std::size_t stride() const noexcept { return stride_; }
  /// Live rows as last published. Any thread.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  /// Bytes of chunks, their table and the key map. Any thread.
  std::size_t memory_bytes() const noexcept { return memory_bytes_.load(std::memory_order_relaxed); }

  /// Adds keys.size() rows in one step; `vectors` holds them one after another, keys.size() × dimensions
  /// floats. invalid_argument: a key is live or given twice.
  void add(std::span<const std::uint64_t> keys, std::span<const float> vectors);

  /// Removes a row; false when there is none of that key. Never fails.
  bool remove(std::uint64_t key) noexcept;

  /// Removes `old_key` and adds `new_key` in one step. They may be equal.
  /// invalid_argument: `old_key` is not live, or `new_key` is.
  void replace(std::uint64_t old_key, std::uint64_t new_key, std::span<const float> vector);

  /// For readers: pin this, then scan. Any thread.
  Publication& publication() const noexcept { return publication_; }

 private:
  struct RetiredSlots {  // oldest first; the links lie in the chunks, so that queueing cannot fail
    Slot oldest = 0;
    Slot newest = 0;
    std::size_t count = 0;
  };

  void require_new_keys(std::span<const std::uint64_t> keys) const;
  std::shared_ptr<const ChunkTable> table_for(std::size_t row_count) const;
  std::size_t reusable_slots(std::size_t wanted) const noexcept;
  Slot take_slot(std::size_t& reusable) noexcept;
  void retire(Slot slot, Sequence died) noexcept;
  void publish(std::shared_ptr<const ChunkTable> table) noexcept;
  RowChunk& chunk_of(Slot slot) const noexcept { return *(*table_)[slot / kRowsPerChunk]; }

  const std::size_t dimensions_;
  const std::size_t stride_;
  mutable Publication publication_;

  // All below belongs to the writer that holds the mutex; the two counters may be read by anyone.
  std::mutex writer_;
  std::shared_ptr<const ChunkTable> table_;
  Sequence sequence_ = 0;
  std::size_t used_slots_ = 0;  // slots that ever held a row
  RetiredSlots retired_;
  KeyMap slots_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> memory_bytes_{0};
};

}  // namespace cosimo
