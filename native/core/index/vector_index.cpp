#include "core/index/vector_index.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/finite.h"

namespace cosimo {
namespace {

// Compaction begins this long after the last change.
constexpr std::chrono::milliseconds kIdleTime{100};

constexpr std::size_t kMaxChunks = std::numeric_limits<Slot>::max() / kRowsPerChunk - 1;

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::invalid_argument, message); }

std::size_t checked_dimensions(std::size_t dimensions) {
  if (dimensions < 1 || dimensions > kMaxDimensions) {
    refuse("dimensions must be from 1 to " + std::to_string(kMaxDimensions));
  }
  return dimensions;
}

}  // namespace

VectorIndex::VectorIndex(std::size_t dimensions, const SearchKernel& kernel, RotationPolicy policy)
    : kernel_(kernel),
      layout_(checked_dimensions(dimensions)),
      policy_(can_be_rotated(dimensions) ? policy : RotationPolicy::never),
      row_allocator_(std::make_shared<SlabAllocator>(layout_.row_bytes())),
      code_allocator_(std::make_shared<SlabAllocator>(layout_.code_bytes())),
      rotated_bytes_(std::make_shared<std::atomic<std::size_t>>(0)),
      table_(std::make_shared<const ChunkTable>()),
      slots_(*this),
      compaction_worker_([this] { return idle_step(); }, kIdleTime, Priority::normal),
      rotation_worker_([this] { return rotation_step(); }, {}, Priority::normal),
      coding_worker_([this] { return coding_step(); }, {}, Priority::lowest) {}

VectorIndex::~VectorIndex() {
  stopping_ = true;  // learning and coding stop early
  compaction_worker_.stop();
  rotation_worker_.stop();
  coding_worker_.stop();
}

std::uint64_t VectorIndex::key_of(Slot slot) const noexcept {
  return chunks_[slot / kRowsPerChunk].rows->key(slot % kRowsPerChunk);
}

IndexSizes VectorIndex::sizes() const noexcept {
  const std::size_t rows = size();
  const std::size_t memory_bytes =
      row_allocator_->taken() * (row_allocator_->piece_bytes() + sizeof(RowChunk)) +
      code_allocator_->taken() * (code_allocator_->piece_bytes() + sizeof(PlainCodes)) +
      rotated_bytes_->load(std::memory_order_relaxed) + bookkeeping_bytes_.load(std::memory_order_relaxed);
  return {rows,
          dead_rows_.load(std::memory_order_relaxed),
          rows * dimensions() * sizeof(float),
          memory_bytes,
          moved_rows_.load(std::memory_order_relaxed),
          rotated_rows_.load(std::memory_order_relaxed),
          rotations_.load(std::memory_order_relaxed),
          head_.load(std::memory_order_relaxed)};
}

void VectorIndex::reserve(std::size_t rows) {
  const std::lock_guard lock(writer_);
  const std::size_t missing = chunks_missing_for(rows);
  if (missing <= reserved_.size()) return;
  Chunks more = new_chunks(missing - reserved_.size());
  reserved_.insert(reserved_.end(), more.begin(), more.end());
}

void VectorIndex::add(std::span<const std::uint64_t> keys, std::span<const float> vectors) {
  const std::size_t dimensions = layout_.dimensions();
  if (vectors.size() / dimensions != keys.size() || vectors.size() % dimensions != 0) {
    refuse("vectors must hold keys × dimensions floats");
  }
  require_finite(vectors);
  if (keys.empty()) return;
  const std::lock_guard lock(writer_);
  // All that can fail comes first and changes nothing that readers see.
  require_new_keys(keys);
  slots_.reserve(keys);
  Chunks spare = spare_chunks_for(keys.size());
  std::shared_ptr<const ChunkTable> table = table_with(spare);
  // From here on nothing can fail.
  for (std::size_t i = 0; i < keys.size(); ++i) {
    slots_.insert(keys[i], append(keys[i], vectors.subspan(i * dimensions, dimensions), spare));
  }
  added_rows_.fetch_add(keys.size(), std::memory_order_relaxed);
  publish(std::move(table));
}

bool VectorIndex::remove(std::uint64_t key) noexcept {
  const std::lock_guard lock(writer_);
  const std::optional<Slot> slot = slots_.erase(key);
  if (!slot) return false;
  retire(*slot);
  publish(table_);
  keep_pace(1);
  return true;
}

void VectorIndex::replace(std::uint64_t old_key, std::uint64_t new_key, std::span<const float> vector) {
  if (vector.size() != layout_.dimensions()) refuse("vector must hold `dimensions` floats");
  require_finite(vector);
  const std::lock_guard lock(writer_);
  if (!slots_.find(old_key)) refuse("There is no row of key " + std::to_string(old_key));
  if (new_key != old_key) require_new_keys({&new_key, 1});
  slots_.reserve({&new_key, 1});
  Chunks spare = spare_chunks_for(1);
  std::shared_ptr<const ChunkTable> table = table_with(spare);
  retire(*slots_.erase(old_key));
  slots_.insert(new_key, append(new_key, vector, spare));
  added_rows_.fetch_add(1, std::memory_order_relaxed);
  publish(std::move(table));
  keep_pace(1);
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

// How many chunks `row_count` more rows need besides the open one.
std::size_t VectorIndex::chunks_missing_for(std::size_t row_count) const noexcept {
  const std::size_t room = open_ == kNone ? 0 : kRowsPerChunk - chunks_[open_].rows->row_count();
  return row_count <= room ? 0 : (row_count - room + kRowsPerChunk - 1) / kRowsPerChunk;
}

// The chunks for rows that are added, the last one first. A call that fails gives the reserved ones up, since
// it is made again only when there is memory.
VectorIndex::Chunks VectorIndex::spare_chunks_for(std::size_t row_count) {
  const std::size_t count = chunks_missing_for(row_count);
  const std::size_t reserved = std::min(count, reserved_.size());
  Chunks spare = new_chunks(count - reserved);
  spare.insert(spare.end(), reserved_.end() - static_cast<std::ptrdiff_t>(reserved), reserved_.end());
  reserved_.resize(reserved_.size() - reserved);
  return spare;
}

// Empty chunks. Reserves their numbers, and those of the reserved ones, too.
VectorIndex::Chunks VectorIndex::new_chunks(std::size_t count) {
  const std::size_t all = chunks_.size() + reserved_.size();
  if (count > kMaxChunks - std::min(kMaxChunks, all)) throw std::bad_alloc();
  Chunks chunks;
  chunks.reserve(count + reserved_.size());
  while (chunks.size() < count) {
    auto rows = std::make_shared<RowChunk>(layout_, row_allocator_);
    chunks.push_back({std::move(rows), std::make_shared<PlainCodes>(layout_, code_allocator_), nullptr});
  }
  chunks_.reserve(all + count);
  free_numbers_.reserve(all + count);
  return chunks;
}

std::shared_ptr<const ChunkTable> VectorIndex::table_with(const Chunks& spare) const {
  if (spare.empty()) return table_;
  auto table = std::make_shared<ChunkTable>();
  table->reserve(table_->size() + spare.size());
  *table = *table_;
  table->insert(table->end(), spare.rbegin(), spare.rend());
  return table;
}

void VectorIndex::open(IndexedChunk chunk) noexcept {
  open_ = static_cast<Slot>(chunks_.size());
  if (free_numbers_.empty()) {
    chunks_.emplace_back();
  } else {
    open_ = free_numbers_.back();
    free_numbers_.pop_back();
  }
  chunk.rows->set_number(open_);
  chunks_[open_] = std::move(chunk);
}

Slot VectorIndex::append(std::uint64_t key, std::span<const float> vector, Chunks& spare) noexcept {
  if (open_ == kNone || chunks_[open_].rows->is_full()) {
    open(std::move(spare.back()));
    spare.pop_back();
  }
  const IndexedChunk& chunk = chunks_[open_];
  const std::size_t row = chunk.rows->append(key, vector);
  if ((row + 1) % kBlockRows == 0) {
    const std::size_t first = row + 1 - kBlockRows;
    chunk.plain->quantize(first / kBlockRows, chunk.rows->row(first), kernel_);
  }
  has_filled_chunk_ = has_filled_chunk_ || chunk.rows->is_full();
  return static_cast<Slot>(open_ * kRowsPerChunk + row);
}

// The row is dead in the sequence that is published next.
void VectorIndex::retire(Slot slot) noexcept {
  chunks_[slot / kRowsPerChunk].rows->retire(slot % kRowsPerChunk, sequence_ + 1);
  dead_rows_.fetch_add(1, std::memory_order_relaxed);
}

void VectorIndex::publish(std::shared_ptr<const ChunkTable> table) noexcept {
  table_ = table;
  size_.store(slots_.size(), std::memory_order_relaxed);
  count_bookkeeping();
  const std::size_t rows_of_last = open_ == kNone ? 0 : chunks_[open_].rows->row_count();
  published_.publish(++sequence_, std::move(table), rows_of_last);
  const bool may_rotate = policy_ != RotationPolicy::never || head_.load(std::memory_order_relaxed) > 0;
  if (std::exchange(has_filled_chunk_, false) && may_rotate) rotation_worker_.note_change();
}

void VectorIndex::count_bookkeeping() noexcept {
  const std::size_t bytes = table_->capacity() * sizeof(ChunkTable::value_type) +
                            chunks_.capacity() * sizeof(Chunks::value_type) +
                            reserved_.capacity() * sizeof(Chunks::value_type) +
                            free_numbers_.capacity() * sizeof(Slot) + slots_.memory_bytes();
  bookkeeping_bytes_.store(bytes, std::memory_order_relaxed);
}

}  // namespace cosimo
