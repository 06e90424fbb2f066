// Texts for the cache and the order of their look-ups, both made before any round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/aligned_array.h"
#include "support/random.h"

namespace cosimo::bench {

constexpr std::size_t kKeyBytes = 60;

/// `count` different texts of kKeyBytes, each in a cache line of its own. Immutable, so safe from every
/// thread.
class CacheKeys {
 public:
  explicit CacheKeys(std::size_t count);

  std::size_t count() const noexcept { return count_; }
  std::string_view operator[](std::size_t at) const noexcept { return {&text_[at * kLine], kKeyBytes}; }

  /// Prefetches a text: in a service it has just been parsed, so it is in the CPU's cache.
  void prefetch(std::size_t at) const noexcept { __builtin_prefetch(&text_[at * kLine]); }

 private:
  static constexpr std::size_t kLine = 64;

  const std::size_t count_;
  const AlignedArray<char> text_;
};

/// Ranks 0 … count − 1, rank r with a probability in proportion to (r + 1)^−exponent.
class ZipfRanks {
 public:
  ZipfRanks(std::size_t count, double exponent);

  std::uint32_t draw(Random& random) const;

 private:
  std::vector<double> cumulated_;  // sums of weights
};

}  // namespace cosimo::bench
