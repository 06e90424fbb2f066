#include "core/index/plain_codes.h"

#include <utility>

namespace cosimo {

PlainCodes::PlainCodes(const ChunkLayout& layout, std::shared_ptr<SlabAllocator> allocator)
    : layout_(layout),
      allocator_(std::move(allocator)),
      memory_(static_cast<std::byte*>(allocator_->take())),
      blocks_{layout_.lines_,
              part<std::uint8_t>(layout_.upper_),
              part<std::uint8_t>(layout_.lower_),
              part<float>(layout_.statistics_),
              part<float>(layout_.statistics_) + kRowsPerChunk,
              part<float>(layout_.statistics_) + 2 * kRowsPerChunk,
              part<float>(layout_.statistics_) + 3 * kRowsPerChunk,
              part<float>(layout_.norms_)} {}

PlainCodes::~PlainCodes() { allocator_->give_back(memory_); }

void PlainCodes::quantize(std::size_t block, const float* rows, const SearchKernel& kernel) noexcept {
  const std::size_t plane = block * layout_.lines_ * kLineBytes;
  float* statistics = part<float>(layout_.statistics_) + block * kBlockRows;
  const BlockCodes codes = {part<std::uint8_t>(layout_.upper_) + plane,
                            part<std::uint8_t>(layout_.lower_) + plane,
                            statistics,
                            statistics + kRowsPerChunk,
                            statistics + 2 * kRowsPerChunk,
                            statistics + 3 * kRowsPerChunk,
                            part<float>(layout_.norms_) + block};
  kernel.quantize_block(rows, layout_.stride_, layout_.dimensions_, codes);
}

}  // namespace cosimo
