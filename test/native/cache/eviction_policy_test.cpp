// What the cache evicts and what it keeps.
#include "core/cache/eviction_policy.h"

#include <string>
#include <string_view>
#include <vector>

#include "support/cache/small_cache.h"
#include "support/check.h"

namespace cosimo::test {
namespace {

// The same hash in every process. hash_text is keyed at random: now and then five of a few hundred keys would
// share one set of ghosts, and one would be forgotten.
std::uint64_t fixed_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, then the mixer of SplitMix64
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
  return hash ^ hash >> 31;
}

void test_a_hit_keeps_a_large_entry() {
  EmbeddingCache cache(options_of(std::size_t{16} << 20));
  const std::string large(3 << 20, 'l');
  cache.set(large, vector_of(7));
  CHECK(holds(cache, large, 7));
  for (std::size_t i = 0; i < 400'000; ++i) cache.set("once " + std::to_string(i), vector_of(i));
  CHECK(cache.counts().evictions > 100'000 && holds(cache, large, 7));
}

void test_one_time_keys_evict_no_popular_one() {
  EmbeddingCache cache(options_of(200'000));
  for (std::size_t i = 0; i < 100; ++i) cache.set("popular " + std::to_string(i), vector_of(i));
  for (std::size_t i = 0; i < 100; ++i) CHECK(holds(cache, "popular " + std::to_string(i), i));
  for (std::size_t i = 0; i < 50'000; ++i) cache.set("once " + std::to_string(i), vector_of(i));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < 100; ++i) kept += holds(cache, "popular " + std::to_string(i), i) ? 1 : 0;
  CHECK(kept == 100);
  CHECK(lacks(cache, "once 0") && holds(cache, "once 49999", 49'999));
}

// A key that is set again soon after it was evicted outlives a stream of new keys; one that is set again late
// does not.
void test_a_key_that_comes_back_soon_is_kept() {
  CacheOptions options = options_of(100'000);
  options.hash = fixed_hash;
  EmbeddingCache cache(options);
  std::size_t streamed = 0;
  const auto stream = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) cache.set("s" + std::to_string(streamed++), vector_of(1));
  };
  for (std::size_t i = 0; i < 2000; ++i) {  // a main queue of popular entries
    cache.set("p" + std::to_string(i), vector_of(i));
    holds(cache, "p" + std::to_string(i), i);
  }
  stream(2000);
  const std::uint64_t before = cache.counts().readmissions;
  std::vector<float> out(kDimensions);
  cache.set("early", vector_of(9));
  stream(400);
  CHECK(!cache.get("early", out));
  cache.set("early", vector_of(9));
  CHECK(cache.counts().readmissions == before + 1);
  stream(400);
  CHECK(holds(cache, "early", 9));
  cache.set("late", vector_of(9));
  stream(50'000);
  CHECK(!cache.get("late", out));
  cache.set("late", vector_of(9));
  stream(400);
  CHECK(lacks(cache, "late"));
}

void test_an_old_entry_is_evicted_popular_or_not() {
  CacheOptions options = options_of(100'000);
  options.time_to_live_ms = 500;
  options.clock_ms = clock_of_the_test;
  EmbeddingCache cache(options);
  now_ms = 1000;
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < 100; ++i) {
      if (round == 0) cache.set("old " + std::to_string(i), vector_of(i));
      CHECK(holds(cache, "old " + std::to_string(i), i));
    }
  }
  now_ms = 2000;
  for (std::size_t i = 0; i < 20'000; ++i) cache.set("new " + std::to_string(i), vector_of(i));
  now_ms = 1000;  // an entry that was kept would be found again
  for (std::size_t i = 0; i < 100; ++i) CHECK(lacks(cache, "old " + std::to_string(i)));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_a_hit_keeps_a_large_entry();
  test_one_time_keys_evict_no_popular_one();
  test_a_key_that_comes_back_soon_is_kept();
  test_an_old_entry_is_evicted_popular_or_not();
  return finish();
}
