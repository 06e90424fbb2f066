// How much memory the system gives to a full cache.
#pragma once

#include <memory>

#include "cache/cache_settings.h"
#include "support/measure.h"

namespace cosimo::bench {

/// Growth of the peak resident memory of a process that fills a cache, as a multiple of the cache's capacity.
std::unique_ptr<Measure> make_memory_measure(const CacheSettings& settings);

}  // namespace cosimo::bench
