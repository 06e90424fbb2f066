// The settings of the cache measure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "support/arguments.h"

namespace cosimo::bench {

enum class CacheOperation {
  hit,       // get of stored keys
  miss,      // get of other keys
  mixed,     // nine times get of a stored key (set again if it was evicted), once set of a new one
  zipf,      // get of keys of unequal popularity, ten times as many as fit; set on a miss
  zipf_hit,  // get of stored keys of unequal popularity
  one_key,   // get of one stored key, over and over
  memory,    // none: a cache is filled in a process of its own
  copy,      // the least work of a hit: hash and compare the key, copy the vector, from a known place
};

struct CacheSettings {
  CacheOperation operation;
  std::size_t entries;
  std::size_t dimensions;
  std::uint64_t seed;
  double zipf_exponent;

  /// Takes its flags and throws UsageError for others.
  static CacheSettings from(Arguments& arguments);

  /// The number of different texts to look up.
  std::size_t key_count() const;
  /// The capacity for `entries` of them: just enough if keys compete for it, ample if none may be evicted.
  std::size_t capacity_bytes() const;
};

}  // namespace cosimo::bench
