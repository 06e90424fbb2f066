#include "cache/cache_keys.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cosimo::bench {

CacheKeys::CacheKeys(std::size_t count) : count_(count), text_(make_aligned_array<char>(count * kLine)) {
  for (std::size_t at = 0; at < count; ++at) {
    // Keys are alike for most of their length, so that comparing two of them takes long.
    std::snprintf(&text_[at * kLine], kLine, "%-52s%08x", "A text about as long as a question to a search",
                  static_cast<std::uint32_t>(at));
  }
}

ZipfRanks::ZipfRanks(std::size_t count, double exponent) {
  cumulated_.reserve(count);
  double sum = 0;
  for (std::size_t rank = 0; rank < count; ++rank) {
    sum += std::pow(static_cast<double>(rank + 1), -exponent);
    cumulated_.push_back(sum);
  }
}

std::uint32_t ZipfRanks::draw(Random& random) const {
  const double wanted = random.unit() * cumulated_.back();
  // Rounding may make `wanted` equal to the whole sum; the last rank is drawn then.
  const auto found = std::upper_bound(cumulated_.begin(), cumulated_.end() - 1, wanted);
  return static_cast<std::uint32_t>(found - cumulated_.begin());
}

}  // namespace cosimo::bench
