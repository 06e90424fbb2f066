// The part of VectorIndex that frees the memory of dead rows.
#include <algorithm>
#include <new>

#include "core/index/vector_index.h"

namespace cosimo {
namespace {

// While there are more dead rows than one in kBusyShare live ones, each write moves some rows. A chunk with a
// sixth of dead rows costs five moves for each row that it frees, so eight moves for each write free more
// than the write adds.
constexpr std::size_t kBusyShare = 5;
constexpr std::size_t kMovesPerWrite = 8;

// Idle compaction starts above one dead row in kIdleStartShare live ones and goes on down to one in
// kIdleStopShare.
constexpr std::size_t kIdleStartShare = 128;
constexpr std::size_t kIdleStopShare = 256;
constexpr std::size_t kMovesPerStep = 32;

}  // namespace

// Every write that retires rows calls this.
void VectorIndex::keep_pace(std::size_t retired) noexcept {
  if (dead_rows_ > size_ / kBusyShare) compact(retired * kMovesPerWrite);
  if (dead_rows_ > size_ / kIdleStartShare) compaction_worker_.note_change();
}

// A step of the compaction worker; true while there is more to do.
bool VectorIndex::idle_step() noexcept {
  const std::lock_guard lock(writer_);
  if (dead_rows_ > size_ / kIdleStopShare && compact(kMovesPerStep)) return true;
  return shrink_key_map();
}

bool VectorIndex::shrink_key_map() noexcept {
  try {
    const bool shrunk = slots_.shrink_some();
    count_bookkeeping();
    return shrunk;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// Moves up to `moves` rows. False when there was nothing to gain, or no memory for it.
bool VectorIndex::compact(std::size_t moves) noexcept {
  try {
    if (slots_.size() == 0 && open_ != kNone) {
      for (Slot chunk = 0; chunk < chunks_.size(); ++chunk) {
        if (chunks_[chunk].rows) drop(chunk);
      }
      return false;
    }
    if (victim_ == kNone) choose_victim();
    if (victim_ == kNone) return false;
    move_rows(moves);
    if (chunks_[victim_].rows->is_dead()) drop(victim_);
    return true;
  } catch (const std::bad_alloc&) {
    return false;  // a later write tries again
  }
}

// The full chunk with most dead rows, if any.
void VectorIndex::choose_victim() noexcept {
  std::size_t most = 0;
  for (Slot chunk = 0; chunk < chunks_.size(); ++chunk) {
    const RowChunk* rows = chunks_[chunk].rows.get();
    if (rows == nullptr || !rows->is_full() || chunk == open_) continue;
    if (rows->dead_count() <= most) continue;
    most = rows->dead_count();
    victim_ = chunk;
  }
  victim_row_ = 0;
}

// One published step: readers see each row at its old place or at its new one, never at both.
void VectorIndex::move_rows(std::size_t moves) {
  RowChunk& victim = *chunks_[victim_].rows;
  const std::size_t live = kRowsPerChunk - victim.dead_count();
  Chunks spare = new_chunks(chunks_missing_for(std::min(moves, live)));
  std::shared_ptr<const ChunkTable> table = table_with(spare);
  std::size_t moved = 0;
  for (; moved < moves && victim_row_ < kRowsPerChunk; ++victim_row_) {
    if (!victim.is_live(victim_row_, sequence_)) continue;
    const std::uint64_t key = victim.key(victim_row_);
    const Slot slot = append(key, {victim.row(victim_row_), layout_.dimensions()}, spare);
    retire(static_cast<Slot>(victim_ * kRowsPerChunk + victim_row_));
    slots_.assign(key, slot);
    ++moved;
  }
  if (moved > 0) publish(std::move(table));
  moved_rows_.fetch_add(moved, std::memory_order_relaxed);
}

// Takes a chunk without live rows out of the table. Its memory is freed when its last reader ends.
void VectorIndex::drop(Slot chunk) {
  auto table = std::make_shared<ChunkTable>();
  table->reserve(table_->size());
  for (const auto& kept : *table_) {
    if (kept.rows != chunks_[chunk].rows) table->push_back(kept);
  }
  dead_rows_.fetch_sub(chunks_[chunk].rows->dead_count(), std::memory_order_relaxed);
  if (chunks_[chunk].rotated) rotated_rows_.fetch_sub(kRowsPerChunk, std::memory_order_relaxed);
  chunks_[chunk] = {};
  free_numbers_.push_back(chunk);
  if (chunk == victim_) victim_ = kNone;
  if (chunk == open_) open_ = kNone;
  publish(std::move(table));
}

}  // namespace cosimo
