#include "search/code_memory.h"

#include <cstring>

#include "core/base/aligned_array.h"
#include "core/index/chunk_layout.h"
#include "support/random.h"

namespace cosimo::bench {
namespace {

constexpr std::size_t kRowStatistics = 4;  // two scales, two residuals

constexpr std::size_t whole_lines(std::size_t bytes) {
  return (bytes + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
}

}  // namespace

CodeMemory::CodeMemory(const CodeSettings& settings)
    : settings_(settings),
      chunk_blocks_(std::min(kBlocksPerChunk, settings.blocks)),
      memory_(chunk_count() * chunk_bytes()) {
  fill_first_chunk();
  for (std::size_t at = 1; at < chunk_count(); ++at) {
    std::memcpy(memory_.get() + at * chunk_bytes(), memory_.get(), chunk_bytes());
  }
}

std::size_t CodeMemory::chunk_bytes() const {
  return settings_.planes * plane_bytes() + kRowStatistics * chunk_rows() * sizeof(float) +
         whole_lines(chunk_blocks_ * sizeof(float));
}

CodeMemory::Parts CodeMemory::parts(std::size_t chunk) const {
  std::byte* const start = memory_.get() + chunk * chunk_bytes();
  auto* const upper = reinterpret_cast<std::uint8_t*>(start);
  auto* const statistics = reinterpret_cast<float*>(start + settings_.planes * plane_bytes());
  return {upper, upper + (settings_.planes - 1) * plane_bytes(), statistics,
          statistics + kRowStatistics * chunk_rows()};
}

CodeBlocks CodeMemory::chunk(std::size_t at) const {
  const auto [upper, lower, statistics, norm] = parts(at);
  const std::size_t rows = chunk_rows();
  return {settings_.lines(),     upper, lower, statistics, statistics + rows, statistics + 2 * rows,
          statistics + 3 * rows, norm};
}

void CodeMemory::fill_first_chunk() {
  const auto [upper, lower, statistics, norm] = parts(0);
  const std::size_t stride = padded_stride(settings_.dimensions);
  const std::size_t plane_block = settings_.lines() * kLineBytes;
  const auto rows = make_aligned_array<float>(kBlockRows * stride);
  const auto unread = make_aligned_array<std::uint8_t>(plane_block);  // the lower plane where none is kept
  Random random(settings_.seed, 1);
  for (std::size_t block = 0; block < chunk_blocks_; ++block) {
    for (std::size_t i = 0; i < kBlockRows * stride; ++i) {
      rows[i] = i % stride < settings_.dimensions ? static_cast<float>(random.unit() - 0.5) : 0.0F;
    }
    float* const of_rows = statistics + block * kBlockRows;
    const BlockCodes codes = {upper + block * plane_block,
                              settings_.planes == 2 ? lower + block * plane_block : unread.get(),
                              of_rows,
                              of_rows + chunk_rows(),
                              of_rows + 2 * chunk_rows(),
                              of_rows + 3 * chunk_rows(),
                              norm + block};
    settings_.kernel.quantize_block(rows.get(), stride, settings_.dimensions, codes);
  }
}

}  // namespace cosimo::bench
