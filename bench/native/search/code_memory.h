// Codes of random rows, laid out as the chunks of an index hold them, without the floats.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/index/row_chunk.h"
#include "kernels/search/search_kernel.h"
#include "support/huge_pages.h"

namespace cosimo::bench {

struct CodeSettings {
  const SearchKernel& kernel;  // makes the codes
  std::size_t dimensions;
  std::size_t blocks;
  std::size_t planes;  // 1: the upper one alone, for bound_upper
  std::uint64_t seed;

  std::size_t lines() const { return (dimensions + kLineDimensions - 1) / kLineDimensions; }
  std::size_t block_bytes() const { return lines() * kLineBytes * planes; }
};

/// Every block has memory of its own. All chunks repeat the rows of the first, since the time of a bound
/// doesn't depend on their values.
class CodeMemory {
 public:
  explicit CodeMemory(const CodeSettings& settings);

  std::size_t chunk_count() const { return (settings_.blocks + chunk_blocks_ - 1) / chunk_blocks_; }
  std::size_t blocks_in(std::size_t chunk) const {
    return std::min(chunk_blocks_, settings_.blocks - chunk * chunk_blocks_);
  }
  CodeBlocks chunk(std::size_t at) const;

 private:
  /// Writable codes of one chunk.
  struct Parts {
    std::uint8_t* upper;
    std::uint8_t* lower;  // the upper plane again where there is no other
    float* statistics;    // four arrays of a number a row, as CodeBlocks lists them
    float* norm;
  };

  std::size_t chunk_rows() const { return chunk_blocks_ * kBlockRows; }
  std::size_t plane_bytes() const { return chunk_blocks_ * settings_.lines() * kLineBytes; }
  std::size_t chunk_bytes() const;
  Parts parts(std::size_t chunk) const;
  void fill_first_chunk();

  const CodeSettings settings_;
  const std::size_t chunk_blocks_;
  const HugePages memory_;
};

}  // namespace cosimo::bench
