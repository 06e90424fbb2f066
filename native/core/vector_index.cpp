#include "core/vector_index.h"

#include <algorithm>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/finite.h"

namespace cosimo {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::invalid_argument, message); }

std::size_t checked_dimensions(std::size_t dimensions) {
  if (dimensions < 1 || dimensions > kMaxDimensions) {
    refuse("dimensions must be from 1 to " + std::to_string(kMaxDimensions));
  }
  return dimensions;
}

}  // namespace

VectorIndex::VectorIndex(std::size_t dimensions)
    : dimensions_(checked_dimensions(dimensions)),
      stride_(padded_stride(dimensions)),
      table_(std::make_shared<const ChunkTable>()) {}

void VectorIndex::add(std::span<const std::uint64_t> keys, std::span<const float> vectors) {
  if (vectors.size() / dimensions_ != keys.size() || vectors.size() % dimensions_ != 0) {
    refuse("vectors must hold keys × dimensions floats");
  }
  require_finite(vectors);
  if (keys.empty()) return;
  const std::lock_guard lock(writer_);
  // What can fail comes first and changes nothing that anyone sees …
  require_new_keys(keys);
  std::size_t reusable = reusable_slots(keys.size());
  std::shared_ptr<const ChunkTable> table = table_for(keys.size() - reusable);
  slots_.reserve(keys.size());
  // … from here on nothing fails.
  table_ = table;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Slot slot = take_slot(reusable);
    chunk_of(slot).write(slot % kRowsPerChunk, keys[i], vectors.subspan(i * dimensions_, dimensions_),
                         sequence_ + 1);
    slots_.insert(keys[i], slot);
  }
  publish(std::move(table));
}

bool VectorIndex::remove(std::uint64_t key) noexcept {
  const std::lock_guard lock(writer_);
  const std::optional<Slot> slot = slots_.erase(key);
  if (!slot) return false;
  retire(*slot, sequence_ + 1);
  publish(table_);
  return true;
}

void VectorIndex::replace(std::uint64_t old_key, std::uint64_t new_key, std::span<const float> vector) {
  if (vector.size() != dimensions_) refuse("vector must hold `dimensions` floats");
  require_finite(vector);
  const std::lock_guard lock(writer_);
  if (!slots_.find(old_key)) refuse("There is no row of key " + std::to_string(old_key));
  if (new_key != old_key) require_new_keys({&new_key, 1});
  std::size_t reusable = reusable_slots(1);
  std::shared_ptr<const ChunkTable> table = table_for(1 - reusable);
  slots_.reserve(1);
  table_ = table;
  const Slot slot = take_slot(reusable);
  chunk_of(slot).write(slot % kRowsPerChunk, new_key, vector, sequence_ + 1);
  retire(*slots_.erase(old_key), sequence_ + 1);
  slots_.insert(new_key, slot);
  publish(std::move(table));
}

void VectorIndex::require_new_keys(std::span<const std::uint64_t> keys) const {
  for (const std::uint64_t key : keys) {
    if (slots_.find(key)) refuse("There is a row of key " + std::to_string(key) + " already");
  }
  if (keys.size() < 2) return;
  std::vector<std::uint64_t> sorted(keys.begin(), keys.end());
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) refuse("Key " + std::to_string(*twice) + " is given twice");
}

// The table with room for `row_count` rows in slots never used; the present one when it has that room.
std::shared_ptr<const ChunkTable> VectorIndex::table_for(std::size_t row_count) const {
  const std::size_t rows = used_slots_ + row_count;
  if (rows > std::numeric_limits<Slot>::max()) throw std::bad_alloc();
  const std::size_t chunk_count = (rows + kRowsPerChunk - 1) / kRowsPerChunk;
  if (chunk_count <= table_->size()) return table_;
  auto table = std::make_shared<ChunkTable>();
  table->reserve(chunk_count);
  *table = *table_;
  while (table->size() < chunk_count) table->push_back(std::make_shared<RowChunk>(stride_));
  return table;
}

// How many retired slots, up to `wanted`, no reader can see any more. Readers only move on, so it stays true.
std::size_t VectorIndex::reusable_slots(std::size_t wanted) const noexcept {
  const Sequence oldest = publication_.oldest_visible();
  std::size_t count = 0;
  Slot slot = retired_.oldest;
  while (count < std::min(wanted, retired_.count)) {
    RowChunk& chunk = chunk_of(slot);
    if (chunk.died(slot % kRowsPerChunk) > oldest) break;
    slot = chunk.link(slot % kRowsPerChunk);
    ++count;
  }
  return count;
}

Slot VectorIndex::take_slot(std::size_t& reusable) noexcept {
  if (reusable == 0) return static_cast<Slot>(used_slots_++);
  --reusable;
  --retired_.count;
  const Slot slot = retired_.oldest;
  retired_.oldest = chunk_of(slot).link(slot % kRowsPerChunk);
  return slot;
}

void VectorIndex::retire(Slot slot, Sequence died) noexcept {
  chunk_of(slot).retire(slot % kRowsPerChunk, died);
  if (retired_.count == 0) {
    retired_.oldest = slot;
  } else {
    chunk_of(retired_.newest).link(retired_.newest % kRowsPerChunk) = slot;
  }
  retired_.newest = slot;
  ++retired_.count;
}

void VectorIndex::publish(std::shared_ptr<const ChunkTable> table) noexcept {
  const std::size_t table_bytes = table->capacity() * sizeof(ChunkTable::value_type);
  const std::size_t chunk_bytes = table->size() * RowChunk::memory_bytes(stride_);
  memory_bytes_.store(chunk_bytes + table_bytes + slots_.memory_bytes(), std::memory_order_relaxed);
  size_.store(slots_.size(), std::memory_order_relaxed);
  publication_.publish(++sequence_, std::move(table));
}

}  // namespace cosimo
