#include "cache/cache_settings.h"

#include "cache/cache_keys.h"
#include "core/cache/cache_entry.h"
#include "core/index/vector_index.h"

namespace cosimo::bench {
namespace {

// A generous estimate of the memory of slots, ghosts and segments that are not full.
constexpr std::size_t kBytesPerEntry = 64;
constexpr std::size_t kFixedBytes = std::size_t{2} << 20;

CacheOperation operation_named(const std::string& name) {
  if (name == "hit") return CacheOperation::hit;
  if (name == "miss") return CacheOperation::miss;
  if (name == "mixed") return CacheOperation::mixed;
  if (name == "zipf") return CacheOperation::zipf;
  if (name == "zipf-hit") return CacheOperation::zipf_hit;
  if (name == "one-key") return CacheOperation::one_key;
  if (name == "memory") return CacheOperation::memory;
  if (name == "copy") return CacheOperation::copy;
  throw UsageError("--operation must be hit, miss, mixed, zipf, zipf-hit, one-key, memory or copy, not '" +
                   name + "'.");
}

}  // namespace

CacheSettings CacheSettings::from(Arguments& arguments) {
  const CacheSettings settings = {
      operation_named(arguments.take_text("operation")),
      arguments.take_count("entries", 1, 20'000'000),
      arguments.take_count("dimensions", 1, kMaxDimensions, 384),
      arguments.take_count("seed", 0, kLargestSeed, 1),
      arguments.take_number("zipf-exponent", 0, 10, 0.9),
  };
  arguments.require_all_taken();
  return settings;
}

std::size_t CacheSettings::key_count() const {
  switch (operation) {
    case CacheOperation::miss:
      return 2 * entries;  // the second half is never stored
    case CacheOperation::zipf:
      return 10 * entries;
    default:
      return entries;
  }
}

std::size_t CacheSettings::capacity_bytes() const {
  const std::size_t all = entries * (CacheEntry::size_of(kKeyBytes, dimensions) + kBytesPerEntry);
  switch (operation) {
    case CacheOperation::zipf:
    case CacheOperation::memory:
      return all;
    case CacheOperation::mixed:
      return all + all / 4 +
             kFixedBytes;  // new keys get a tenth or more; the stored ones have to keep theirs
    default:
      return 2 * all + kFixedBytes;
  }
}

}  // namespace cosimo::bench
