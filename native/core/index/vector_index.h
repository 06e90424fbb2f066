// The rows of an index: adding, removing and replacing them while searches read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/index/background_worker.h"
#include "core/index/indexed_chunk.h"
#include "core/index/key_map.h"
#include "core/index/snapshot.h"
#include "core/rotation/learn_rotation.h"

namespace cosimo {

/// Whether the codes of full chunks are replaced by codes of rotated rows.
enum class RotationPolicy {
  automatic,  // where the rows are many and a rotation saves reading
  never,
  always,  // from the first full chunk on, whatever it saves
};

struct IndexSizes {
  std::size_t rows;          // live ones
  std::size_t dead_rows;     // in chunks that compaction has not emptied yet
  std::size_t row_bytes;     // of the live rows as plain float32
  std::size_t memory_bytes;  // held now, with chunks that only running searches still read
  std::size_t moved_rows;    // by compaction, since the index was made
  std::size_t rotated_rows;  // dead or alive, in chunks whose codes are rotated
  std::size_t rotations;     // adopted since the index was made
  std::size_t head;          // dimensions of the present rotation's heads; 0 where there is none
};

/// Rows of `dimensions` float32 under unique keys. Writers exclude one another; readers never wait for them.
///
/// Each writing call publishes one step: a reader sees all of it or nothing. A live row is never overwritten:
/// a replacement appends the new row and retires the old one in the same step.
///
/// Compaction frees the memory of dead rows. It moves the live rows of the chunk with most dead ones to the
/// end, in small published steps, and then frees that chunk. While writes retire rows, each of them compacts
/// a little, so that dead rows stay below a fifth of the live ones. Once writes have paused, a thread of the
/// index begins if dead rows are more than a 128th of the live ones. It compacts until they are at most a
/// 256th. Dead rows of the chunk that is being filled come on top of all these bounds.
///
/// Once there are enough rows, a rotation is learned, and again once as many rows have been added as there
/// were then, or the rows have drifted so far that its scans cost more. The codes of full chunks are
/// replaced, a few in each published step; rows and keys stay where they are. Two threads of the index do
/// that, the one with the work at the lowest priority; the writer's lock is taken for a step's publication
/// alone.
///
/// Errors: Error invalid_argument and not_finite, std::bad_alloc; the index is then as it was before the
/// call.
class VectorIndex : private SlotKeys {
 public:
  /// dimensions: 1 … kMaxDimensions. `kernel` makes the codes of rows.
  VectorIndex(std::size_t dimensions, const SearchKernel& kernel,
              RotationPolicy policy = RotationPolicy::automatic);
  /// Waits for the step under way of each thread; learning stops.
  ~VectorIndex();

  std::size_t dimensions() const noexcept { return layout_.dimensions(); }
  std::size_t stride() const noexcept { return layout_.stride(); }
  /// Live rows as last published. Any thread.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  /// Each number is right by itself; all are of about the same moment. Any thread.
  IndexSizes sizes() const noexcept;

  /// Takes the memory of `rows` further rows now, so that adding them lacks at most a few kB for lists. It is
  /// kept until rows are added or the index ends; a second call counts anew and doesn't add up.
  void reserve(std::size_t rows);

  /// Adds rows in one step. `vectors` holds keys.size() × dimensions floats, row after row.
  /// invalid_argument: a key is live or given twice.
  void add(std::span<const std::uint64_t> keys, std::span<const float> vectors);

  /// Removes a row; false when no row has that key. Never fails.
  bool remove(std::uint64_t key) noexcept;

  /// Removes `old_key` and adds `new_key` in one step. They may be equal.
  /// invalid_argument: `old_key` is not live, or `new_key` is.
  void replace(std::uint64_t old_key, std::uint64_t new_key, std::span<const float> vector);

  /// Has full chunks coded by this rotation, in place of the one that the index learned; it may learn another
  /// one later, as its policy says. Any thread.
  void rotate_by(std::shared_ptr<const Rotation> rotation);

  /// Whether a rotation is being judged or learned, or chunks are being coded by it. Any thread.
  bool is_rotating() const;

  /// The index as last published. Any thread.
  Snapshot snapshot() const noexcept { return published_.take(); }

 private:
  using Chunks = std::vector<IndexedChunk>;

  std::uint64_t key_of(Slot slot) const noexcept override;

  void require_new_keys(std::span<const std::uint64_t> keys) const;
  std::size_t chunks_missing_for(std::size_t row_count) const noexcept;
  Chunks spare_chunks_for(std::size_t row_count);
  Chunks new_chunks(std::size_t count);
  void open(IndexedChunk chunk) noexcept;
  Slot append(std::uint64_t key, std::span<const float> vector, Chunks& spare) noexcept;
  void retire(Slot slot) noexcept;
  void publish(std::shared_ptr<const ChunkTable> table) noexcept;
  void count_bookkeeping() noexcept;
  std::shared_ptr<const ChunkTable> table_with(const Chunks& spare) const;

  void keep_pace(std::size_t retired) noexcept;
  bool idle_step() noexcept;
  bool compact(std::size_t moves) noexcept;
  bool shrink_key_map() noexcept;
  void choose_victim() noexcept;
  void move_rows(std::size_t moves);
  void drop(Slot chunk);

  struct RotationJob;
  bool rotation_step() noexcept;
  bool coding_step() noexcept;
  void judge(RotationJob& job) const;
  void code(RotationJob& job) const;
  std::shared_ptr<RotationJob> next_job();
  void finish(const RotationJob& job);
  void adopt(const JudgedRotation& judged);
  RowSample take_sample() const;
  std::vector<IndexedChunk> chunks_to_code() const;
  bool publish_codes(const std::vector<IndexedChunk>& made);

  const SearchKernel& kernel_;
  const ChunkLayout layout_;
  const RotationPolicy policy_;
  const std::shared_ptr<SlabAllocator> row_allocator_;
  const std::shared_ptr<SlabAllocator> code_allocator_;
  const std::shared_ptr<std::atomic<std::size_t>> rotated_bytes_;
  PublishedSnapshot published_;

  // Everything below belongs to the writer that holds the mutex; any thread may read the atomic counters.
  std::mutex writer_;
  std::shared_ptr<const ChunkTable> table_;
  Sequence sequence_ = 0;
  Chunks chunks_;                   // by number, null where a chunk was freed
  std::vector<Slot> free_numbers_;  // of chunks; has capacity for all of them
  Slot open_ = kNone;               // the number of the last chunk of the table
  Chunks reserved_;                 // empty ones, for writes alone: compaction takes none of them
  Slot victim_ = kNone;             // the chunk that compaction empties
  std::size_t victim_row_ = 0;
  bool has_filled_chunk_ = false;  // since the last publication
  KeyMap slots_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> dead_rows_{0};
  std::atomic<std::size_t> moved_rows_{0};
  std::atomic<std::size_t> bookkeeping_bytes_{0};
  std::atomic<std::size_t> added_rows_{0};  // since the index was made, by writes alone

  // What the rotation thread shares with the coding thread, and with callers of rotate_by.
  mutable std::mutex rotation_mutex_;
  std::shared_ptr<const Rotation> given_;
  bool has_job_ = false;  // until the rotation thread takes the job back
  std::shared_ptr<RotationJob> asked_job_;
  std::shared_ptr<RotationJob> done_job_;

  // The rotation thread's own; any thread may read the atomic counters.
  std::shared_ptr<RotatedMemory> rotation_;  // of the present rotation
  double cost_ = 0;  // of its scans when it was adopted or last compared with another one; 0 while unknown
  // How many rows have been added when it is time to judge it again, and to learn another one.
  std::size_t judge_at_ = 0;
  std::size_t learn_at_ = 0;
  bool has_just_judged_ = false;
  std::atomic<std::size_t> rotated_rows_{0};
  std::atomic<std::size_t> rotations_{0};
  std::atomic<std::size_t> head_{0};
  std::atomic<bool> stopping_{false};

  // Last: their threads end before what they use. They note changes for one another, so the destructor stops
  // all first.
  BackgroundWorker compaction_worker_;
  BackgroundWorker rotation_worker_;
  BackgroundWorker coding_worker_;

  static constexpr Slot kNone = ~Slot{0};
};

}  // namespace cosimo
