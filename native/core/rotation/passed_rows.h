// The rows that have passed by their heads.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/search/search_kernel.h"

namespace cosimo {

/// Adds to `rows` those of the blocks first … first + count − 1 that have passed for query `query`. `bounds`
/// is what BoundHeads wrote for these blocks. A row whose bound is −∞ is left out: it has been scored.
/// Throws std::bad_alloc.
inline void add_passed_rows(const HeadBounds& bounds, std::size_t query, std::size_t first, std::size_t count,
                            std::vector<PassedRow>& rows) {
  static_assert(kMaxHeadBlocks * sizeof(std::uint16_t) == 2 * sizeof(std::uint64_t));
  const std::uint16_t* passed = bounds.passed + query * kMaxHeadBlocks;
  std::uint64_t any[2];  // mostly no row has passed
  std::memcpy(any, passed, sizeof any);
  if ((any[0] | any[1]) == 0) return;
  for (std::size_t block = 0; block < count; ++block) {
    const float* own = bounds.bounds + (query * kMaxHeadBlocks + block) * kBlockRows;
    for (unsigned left = passed[block]; left != 0; left &= left - 1) {
      const auto r = static_cast<std::size_t>(std::countr_zero(left));
      if (own[r] == -std::numeric_limits<float>::infinity()) continue;
      rows.push_back({static_cast<std::uint32_t>((first + block) * kBlockRows + r),
                      static_cast<std::uint32_t>(query), own[r]});
    }
  }
}

}  // namespace cosimo
