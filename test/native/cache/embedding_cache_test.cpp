// The cache, by one thread: whole keys decide, the budget holds at every step, and every look-up is counted.
#include "core/cache/embedding_cache.h"

#include <cmath>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "support/check.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 5;

std::uint64_t constant_hash(std::string_view) noexcept { return 42; }
std::uint64_t zero_hash(std::string_view) noexcept { return 0; }

// The same in every process, for tests of what a cache forgets: hash_text is keyed anew in each, and by bad luck
// five keys of a few hundred share one set of ghosts.
std::uint64_t fixed_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, then the mixer of SplitMix64
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
  return hash ^ hash >> 31;
}

CacheOptions options_of(std::size_t capacity_bytes) {
  CacheOptions options;
  options.dimensions = kDimensions;
  options.capacity_bytes = capacity_bytes;
  return options;
}

std::vector<float> vector_of(std::size_t n) { return std::vector<float>(kDimensions, static_cast<float>(n)); }

bool holds(EmbeddingCache& cache, const std::string& key, std::size_t n) {
  std::vector<float> out(kDimensions, -1.0F);
  return cache.get(key, out) && out == vector_of(n);
}

bool lacks(EmbeddingCache& cache, const std::string& key) {
  std::vector<float> out(kDimensions, -1.0F);
  return !cache.get(key, out) && out == std::vector<float>(kDimensions, -1.0F);
}

void test_collisions(std::uint64_t (*hash)(std::string_view) noexcept) {
  CacheOptions options = options_of(1 << 20);
  options.hash = hash;
  EmbeddingCache cache(options);
  for (std::size_t i = 0; i < 200; ++i) cache.set("key " + std::to_string(i), vector_of(i));
  CHECK(cache.size() == 200);
  for (std::size_t i = 0; i < 200; ++i) CHECK(holds(cache, "key " + std::to_string(i), i));
  CHECK(lacks(cache, "key 200"));
  cache.set("key 7", vector_of(1007));
  CHECK(holds(cache, "key 7", 1007) && holds(cache, "key 8", 8) && cache.size() == 200);
}

void test_odd_keys() {
  EmbeddingCache cache(options_of(1 << 20));
  const std::string keys[] = {
      "",   std::string(1, '\0'),   std::string(2, '\0'),    std::string("a\0b", 3), "a",
      "ab", std::string("a\0c", 3), std::string(100000, 'x')};
  for (std::size_t i = 0; i < std::size(keys); ++i) {
    CHECK(lacks(cache, keys[i]));
    cache.set(keys[i], vector_of(i));
  }
  for (std::size_t i = 0; i < std::size(keys); ++i) CHECK(holds(cache, keys[i], i));
}

// Keys as long as a text may be by default, alike but for their last byte, and one byte shorter.
void test_long_keys() {
  constexpr std::size_t kTextBytesMax = std::size_t{8} << 20;
  EmbeddingCache cache(options_of(std::size_t{64} << 20));
  std::string key(kTextBytesMax, 'x');
  for (std::size_t i = 0; i < 3; ++i) {
    key.back() = static_cast<char>(i);
    CHECK(lacks(cache, key));
    CHECK(cache.set(key, vector_of(i)));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    key.back() = static_cast<char>(i);
    CHECK(holds(cache, key, i));
  }
  key.pop_back();
  CHECK(lacks(cache, key) && cache.memory_bytes() <= cache.capacity_bytes());
}

// What is set last is always there, from the capacity on that keeps anything; and no byte is taken in excess.
void test_tiny_budgets() {
  std::size_t smallest_that_keeps = 0;
  for (std::size_t capacity = 0; capacity < 60'000; capacity += 1 + capacity / 100) {
    EmbeddingCache cache(options_of(capacity));
    bool kept = true;
    for (std::size_t i = 0; i < 100; ++i) {
      const std::string key = "k" + std::string(i % 7 * 150, '.') + std::to_string(i);
      cache.set(key, vector_of(i));
      kept = kept && holds(cache, key, i);
      if (cache.memory_bytes() > capacity) return CHECK(!"over budget");
    }
    if (smallest_that_keeps == 0 && kept) smallest_that_keeps = capacity;
    if (smallest_that_keeps != 0 && !kept) return CHECK(!"kept with less, not with more");
  }
  std::printf("smallest capacity that keeps what is set: %zu bytes\n", smallest_that_keeps);
  CHECK(smallest_that_keeps > 0 && smallest_that_keeps < 40'000);
}

void test_large_entry() {
  const std::size_t capacity = 1 << 20;
  EmbeddingCache cache(options_of(capacity));
  for (std::size_t i = 0; i < 20000; ++i) cache.set("k" + std::to_string(i), vector_of(i));
  const std::size_t size = cache.size();
  CHECK(cache.counts().refusals == 0);
  cache.set(std::string(capacity, 'x'), vector_of(1));
  CHECK(cache.size() == size && cache.counts().refusals == 1);  // could never fit: nothing was evicted for it
  cache.set(std::string(capacity / 2, 'y'), vector_of(2));
  CHECK(holds(cache, std::string(capacity / 2, 'y'), 2) && cache.size() > 1);
  CHECK(cache.memory_bytes() <= capacity);
  // The large one was hit once and is a popular one now: those that are hit too drive it out, and have its
  // memory.
  for (std::size_t i = 0; i < 40'000; ++i) {
    const std::string key = "k" + std::to_string(i % 20'000);
    cache.set(key, vector_of(i));
    holds(cache, key, i);
  }
  CHECK(lacks(cache, std::string(capacity / 2, 'y')) && cache.size() > size * 9 / 10);
}

// Almost all of the capacity is there for entries.
void test_use_of_capacity() {
  CacheOptions options = options_of(std::size_t{64} << 20);
  options.dimensions = 384;
  EmbeddingCache cache(options);
  const std::vector<float> vector(384, 0.5F);
  const std::size_t per_entry = CacheEntry::size_of(60, 384);
  for (std::size_t i = 0; i < 100'000; ++i) {
    std::string key = "text " + std::to_string(i);
    key.resize(60, '.');
    cache.set(key, vector);
  }
  std::printf("%zu entries, %.4f of the capacity\n", cache.size(),
              static_cast<double>(cache.size() * per_entry) / static_cast<double>(options.capacity_bytes));
  CHECK(cache.size() * per_entry > options.capacity_bytes * 95 / 100);
}

// Random operations against a map: a hit is always the last vector set; budget and counts hold after every
// step.
void test_against_model() {
  auto random_bits = seeded_random();
  EmbeddingCache cache(options_of(60'000));
  std::unordered_map<std::string, std::size_t> last;
  std::size_t hits = 0;
  std::size_t misses = 0;
  std::size_t faults = 0;
  std::vector<float> out(kDimensions);
  for (std::size_t step = 0; step < 100'000; ++step) {
    // Some share a segment, some are too long to.
    const std::string key(random_bits() % 16 == 0 ? 700 : random_bits() % 3,
                          static_cast<char>(random_bits() % 4));
    const std::string whole = key + std::to_string(random_bits() % 600);
    if (random_bits() % 2 == 0) {
      cache.set(whole, vector_of(step));
      last[whole] = step;
      if (step % 8 == 0) {  // seldom: each look is a hit, and makes the entry a popular one
        if (!holds(cache, whole, step)) ++faults;
        ++hits;
      }
    } else if (cache.get(whole, out)) {
      ++hits;
      if (out != vector_of(last[whole])) ++faults;
    } else {
      ++misses;
    }
    if (cache.memory_bytes() > cache.capacity_bytes()) ++faults;
  }
  const CacheCounts counts = cache.counts();
  CHECK(faults == 0);
  CHECK(counts.hits == hits && counts.misses == misses && misses > 1000);
  CHECK(counts.insertions - counts.evictions == cache.size() && counts.evictions > 1000);
  CHECK(counts.readmissions > 0 && counts.refusals == 0);
}

// A large entry that was asked for stays when others stream by, like any other.
void test_popular_large_entry() {
  EmbeddingCache cache(options_of(std::size_t{16} << 20));
  const std::string large(3 << 20, 'l');
  cache.set(large, vector_of(7));
  CHECK(holds(cache, large, 7));
  for (std::size_t i = 0; i < 400'000; ++i) cache.set("once " + std::to_string(i), vector_of(i));
  CHECK(cache.counts().evictions > 100'000 && holds(cache, large, 7));
}

void test_scan_resistance() {
  EmbeddingCache cache(options_of(200'000));
  for (std::size_t i = 0; i < 100; ++i) cache.set("popular " + std::to_string(i), vector_of(i));
  for (std::size_t i = 0; i < 100; ++i) CHECK(holds(cache, "popular " + std::to_string(i), i));
  for (std::size_t i = 0; i < 50'000; ++i) cache.set("once " + std::to_string(i), vector_of(i));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < 100; ++i) kept += holds(cache, "popular " + std::to_string(i), i) ? 1 : 0;
  CHECK(kept == 100);
  CHECK(lacks(cache, "once 0") && holds(cache, "once 49999", 49'999));
}

// A key that comes back soon after it was evicted outlives a stream of new ones; one that comes back late
// doesn't.
void test_ghosts() {
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

std::uint64_t now_ms = 1000;
std::uint64_t set_clock() noexcept { return now_ms; }

void test_time_to_live() {
  CacheOptions options = options_of(1 << 20);
  options.time_to_live_ms = 500;
  options.clock_ms = set_clock;
  EmbeddingCache cache(options);
  now_ms = 1;  // younger than the time to live itself
  cache.set("first", vector_of(1));
  CHECK(holds(cache, "first", 1));
  now_ms = 1000;
  CHECK(lacks(cache, "first"));
  cache.set("a", vector_of(1));
  now_ms = 1499;
  CHECK(holds(cache, "a", 1));
  cache.set("b", vector_of(2));
  now_ms = 1500;
  CHECK(lacks(cache, "a") && holds(cache, "b", 2));
  cache.set("a", vector_of(3));  // afresh, in the old one's place
  CHECK(holds(cache, "a", 3) && cache.size() == 3);
  now_ms = 1999;
  CHECK(holds(cache, "a", 3) && lacks(cache, "b"));
  CHECK(cache.counts().hits == 5 && cache.counts().misses == 3);
}

// Popular or not, what is too old doesn't stay when its segment is emptied.
void test_old_entries_leave() {
  CacheOptions options = options_of(100'000);
  options.time_to_live_ms = 500;
  options.clock_ms = set_clock;
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
  now_ms = 1000;  // were they there, they would be found again
  for (std::size_t i = 0; i < 100; ++i) CHECK(lacks(cache, "old " + std::to_string(i)));
}

// No two keys of many fall on one another, whatever their lengths, and single bits reach the whole hash.
void test_hash() {
  auto random_bits = seeded_random();
  std::unordered_map<std::uint64_t, std::string> seen;
  std::size_t collisions = 0;
  for (std::size_t length = 0; length <= 64; ++length) {
    std::string text(length, '\0');
    collisions += seen.emplace(hash_text(text), text).second ? 0 : 1;
    for (std::size_t bit = 0; bit < 8 * length; ++bit) {
      text[bit / 8] = static_cast<char>(1U << bit % 8);
      collisions += seen.emplace(hash_text(text), text).second ? 0 : 1;
      text[bit / 8] = '\0';
    }
  }
  CHECK(collisions == 0 && seen.size() > 16'000);
  std::vector<std::size_t> flips(64);
  constexpr std::size_t kTexts = 4000;
  for (std::size_t i = 0; i < kTexts; ++i) {
    std::string text(1 + random_bits() % 40, 'x');
    const std::uint64_t before = hash_text(text);
    const std::size_t bit = random_bits() % (8 * text.size());
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    const std::uint64_t changed = before ^ hash_text(text);
    for (std::size_t at = 0; at < 64; ++at) flips[at] += changed >> at & 1;
  }
  for (const std::size_t flipped : flips) CHECK(flipped > kTexts * 2 / 5 && flipped < kTexts * 3 / 5);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  for (const auto hash : {constant_hash, zero_hash, cosimo::hash_text}) test_collisions(hash);
  test_odd_keys();
  test_long_keys();
  test_tiny_budgets();
  test_large_entry();
  test_use_of_capacity();
  test_against_model();
  test_popular_large_entry();
  test_scan_resistance();
  test_ghosts();
  test_time_to_live();
  test_old_entries_leave();
  test_hash();
  return finish();
}
