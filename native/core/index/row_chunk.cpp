#include "core/index/row_chunk.h"

#include <cstring>
#include <utility>

namespace cosimo {

RowChunk::RowChunk(const ChunkLayout& layout, std::shared_ptr<SlabAllocator> allocator)
    : stride_(layout.stride()),
      allocator_(std::move(allocator)),
      floats_(static_cast<float*>(allocator_->take())) {}

RowChunk::~RowChunk() { allocator_->give_back(floats_); }

std::size_t RowChunk::append(std::uint64_t key, std::span<const float> vector) noexcept {
  const std::size_t at = row_count_++;
  float* row = floats_ + at * stride_;
  std::memcpy(row, vector.data(), vector.size_bytes());
  std::memset(row + vector.size(), 0, (stride_ - vector.size()) * sizeof(float));
  keys_[at] = key;
  died_[at].store(kNever, std::memory_order_relaxed);
  return at;
}

}  // namespace cosimo
