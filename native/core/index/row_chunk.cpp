#include "core/index/row_chunk.h"

#include <cstring>
#include <utility>

namespace cosimo {
RowChunk::RowChunk(const ChunkLayout& layout, std::shared_ptr<SlabAllocator> allocator)
    : layout_(layout),
      allocator_(std::move(allocator)),
      memory_(static_cast<std::byte*>(allocator_->take())),
      floats_(part<float>(layout.floats_)),
      codes_{layout.lines_,
             part<std::uint8_t>(layout.upper_),
             part<std::uint8_t>(layout.lower_),
             part<float>(layout.statistics_),
             part<float>(layout.statistics_) + kRowsPerChunk,
             part<float>(layout.statistics_) + 2 * kRowsPerChunk,
             part<float>(layout.statistics_) + 3 * kRowsPerChunk,
             part<float>(layout.norms_)} {}

RowChunk::~RowChunk() { allocator_->give_back(memory_); }

std::size_t RowChunk::append(std::uint64_t key, std::span<const float> vector,
                             const SearchKernel& kernel) noexcept {
  const std::size_t at = row_count_++;
  float* row = floats_ + at * layout_.stride_;
  std::memcpy(row, vector.data(), vector.size_bytes());
  std::memset(row + vector.size(), 0, (layout_.stride_ - vector.size()) * sizeof(float));
  keys_[at] = key;
  died_[at].store(kNever, std::memory_order_relaxed);
  if (row_count_ % kBlockRows == 0) quantize(at / kBlockRows, kernel);
  return at;
}

void RowChunk::quantize(std::size_t block, const SearchKernel& kernel) noexcept {
  const std::size_t plane = block * layout_.lines_ * kLineBytes;
  float* statistics = part<float>(layout_.statistics_) + block * kBlockRows;
  const BlockCodes codes = {part<std::uint8_t>(layout_.upper_) + plane,
                            part<std::uint8_t>(layout_.lower_) + plane,
                            statistics,
                            statistics + kRowsPerChunk,
                            statistics + 2 * kRowsPerChunk,
                            statistics + 3 * kRowsPerChunk,
                            part<float>(layout_.norms_) + block};
  kernel.quantize_block(row(block * kBlockRows), layout_.stride_, layout_.dimensions_, codes);
}

}  // namespace cosimo
