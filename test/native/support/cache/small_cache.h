// Caches of short vectors that tests fill and look into, and a clock that they set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/cache/embedding_cache.h"

namespace cosimo::test {

constexpr std::size_t kDimensions = 5;

inline CacheOptions options_of(std::size_t capacity_bytes) {
  CacheOptions options;
  options.dimensions = kDimensions;
  options.capacity_bytes = capacity_bytes;
  return options;
}

/// The vector that stands for the number n.
inline std::vector<float> vector_of(std::size_t n) {
  return std::vector<float>(kDimensions, static_cast<float>(n));
}

/// Whether a look-up finds vector_of(n). Counts as a hit or a miss.
inline bool holds(EmbeddingCache& cache, const std::string& key, std::size_t n) {
  std::vector<float> out(kDimensions, -1.0F);
  return cache.get(key, out) && out == vector_of(n);
}

/// Whether a look-up finds nothing and leaves its target alone.
inline bool lacks(EmbeddingCache& cache, const std::string& key) {
  std::vector<float> out(kDimensions, -1.0F);
  return !cache.get(key, out) && out == std::vector<float>(kDimensions, -1.0F);
}

/// The time that clock_of_the_test() returns.
inline std::uint64_t now_ms = 1000;
inline std::uint64_t clock_of_the_test() noexcept { return now_ms; }

}  // namespace cosimo::test
