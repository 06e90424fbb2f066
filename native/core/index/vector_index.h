// An in-memory matrix of float rows that is searched exactly while it changes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/index/janitor.h"
#include "core/index/key_map.h"
#include "core/index/publication.h"
#include "core/index/row_chunk.h"

namespace cosimo {

struct IndexSizes {
  std::size_t rows;          // live
  std::size_t dead_rows;     // in chunks that compaction has not emptied yet
  std::size_t row_bytes;     // of the live rows as plain float32
  std::size_t memory_bytes;  // held, chunks that only running searches still see included
  std::size_t moved_rows;    // by compaction, ever
};

/// Rows of `dimensions` float32 under unique keys. Writers exclude one another; readers never wait for them.
///
/// Each writing call is one published step: a reader sees all of it or nothing. A live row is never
/// overwritten: a replacement is appended and, in the same step, the old row retired. Compaction moves the
/// live rows of the chunks with most dead ones behind the others, in small published steps, and lets the
/// emptied chunks go: while writes retire rows as part of them, so that dead rows stay below a fifth of the
/// live ones; and once writes have paused, on a thread of its own, until they are below one in 128. The chunk
/// that is being filled is left out of both.
///
/// Errors: Error invalid_argument and not_finite, std::bad_alloc; the index is then as it was before the
/// call.
class VectorIndex : private SlotKeys {
 public:
  /// dimensions: 1 … kMostDimensions. `kernel` makes the codes.
  VectorIndex(std::size_t dimensions, const Kernel& kernel);

  std::size_t dimensions() const noexcept { return layout_.dimensions(); }
  std::size_t stride() const noexcept { return layout_.stride(); }
  /// Live rows as last published. Any thread.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  /// Any thread; each number is right, together they are of about the same moment.
  IndexSizes sizes() const noexcept;

  /// Adds keys.size() rows in one step; `vectors` holds them one after another, keys.size() × dimensions
  /// floats. invalid_argument: a key is live or given twice.
  void add(std::span<const std::uint64_t> keys, std::span<const float> vectors);

  /// Removes a row; false when there is none of that key. Never fails.
  bool remove(std::uint64_t key) noexcept;

  /// Removes `old_key` and adds `new_key` in one step. They may be equal.
  /// invalid_argument: `old_key` is not live, or `new_key` is.
  void replace(std::uint64_t old_key, std::uint64_t new_key, std::span<const float> vector);

  /// For readers: pin this, then scan. Any thread.
  const Publication& publication() const noexcept { return publication_; }

 private:
  using Chunks = std::vector<std::shared_ptr<RowChunk>>;

  std::uint64_t key_of(Slot slot) const noexcept override;

  void require_new_keys(std::span<const std::uint64_t> keys) const;
  Chunks new_chunks_for(std::size_t row_count);
  void open(std::shared_ptr<RowChunk> chunk) noexcept;
  Slot append(std::uint64_t key, std::span<const float> vector, Chunks& spare) noexcept;
  void retire(Slot slot) noexcept;
  void publish(std::shared_ptr<const ChunkTable> table) noexcept;
  void count_bookkeeping() noexcept;
  std::shared_ptr<const ChunkTable> table_with(const Chunks& spare) const;

  void keep_pace(std::size_t retired) noexcept;
  bool tidy_some() noexcept;
  bool compact(std::size_t moves) noexcept;
  bool shrink_key_map() noexcept;
  void choose_victim() noexcept;
  void move_rows(std::size_t moves);
  void drop(Slot chunk);

  const Kernel& kernel_;
  const ChunkLayout layout_;
  const std::shared_ptr<SlabAllocator> allocator_;
  Publication publication_;

  // All below belongs to the writer that holds the mutex; the counters may be read by anyone.
  std::mutex writer_;
  std::shared_ptr<const ChunkTable> table_;
  Sequence sequence_ = 0;
  Chunks chunks_;  // by number, null where a chunk was let go; a slot is number · rows + row
  std::vector<Slot> free_numbers_;  // room for all of them
  Slot open_ = kNone;               // the number of the last chunk of the table
  Slot victim_ = kNone;             // the chunk that compaction empties
  std::size_t victim_row_ = 0;
  KeyMap slots_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> dead_rows_{0};
  std::atomic<std::size_t> moved_rows_{0};
  std::atomic<std::size_t> bookkeeping_bytes_{0};

  Janitor janitor_;  // last: its thread ends before what it tidies

  static constexpr Slot kNone = ~Slot{0};
};

}  // namespace cosimo
