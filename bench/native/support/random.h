// The seeded generator of all data: SplitMix64, with the same numbers on every platform.
#pragma once

#include <cstdint>

namespace cosimo::bench {

class Random {
 public:
  /// Each `stream` of a seed has numbers of its own: one stream a thread.
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : state_(mix(seed) + mix(~stream)) {}

  std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15U); }

  /// A number from 0 to bound − 1; bound ≤ 2^32.
  std::uint32_t below(std::uint64_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

  /// A number x with 0 ≤ x < 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  static std::uint64_t mix(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31);
  }

  std::uint64_t state_;
};

}  // namespace cosimo::bench
