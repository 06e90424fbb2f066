// What no hit of a cache can do without, for hits to be held to.
#pragma once

#include <memory>

#include "cache_settings.h"
#include "measure.h"

namespace cosimo::bench {

/// Keys hashed and compared, vectors copied, from entries whose place is known. Throws std::bad_alloc.
std::unique_ptr<Measure> make_copies_measure(const CacheSettings& settings);

}  // namespace cosimo::bench
