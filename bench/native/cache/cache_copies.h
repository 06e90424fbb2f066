// The least work of a cache hit, for comparison with hits.
#pragma once

#include <memory>

#include "cache/cache_settings.h"
#include "support/measure.h"

namespace cosimo::bench {

/// Hashes and compares keys and copies vectors of entries whose place is known. Throws std::bad_alloc.
std::unique_ptr<Measure> make_copies_measure(const CacheSettings& settings);

}  // namespace cosimo::bench
