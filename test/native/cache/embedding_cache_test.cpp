// One thread and a cache: whole keys decide, the budget holds at every step, every look-up is counted.
#include "core/cache/embedding_cache.h"

#include <string>
#include <unordered_map>
#include <vector>

#include "support/cache/small_cache.h"
#include "support/check.h"

namespace cosimo::test {
namespace {

std::uint64_t constant_hash(std::string_view) noexcept { return 42; }
std::uint64_t zero_hash(std::string_view) noexcept { return 0; }

void test_whole_keys_decide(std::uint64_t (*hash)(std::string_view) noexcept) {
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

void test_any_bytes_are_a_key() {
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

// Keys of the maximum length that the service allows by default. They differ in the last byte, or in length.
void test_keys_of_megabytes_are_told_apart() {
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

// Every capacity that keeps one entry keeps the last one set, and none is exceeded.
void test_the_budget_holds_from_the_smallest_on() {
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

void test_a_large_entry_stays_within_the_budget() {
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
  // The large entry was hit once, so it is reinserted. Other entries that were hit evict it later and get its
  // memory.
  for (std::size_t i = 0; i < 40'000; ++i) {
    const std::string key = "k" + std::to_string(i % 20'000);
    cache.set(key, vector_of(i));
    holds(cache, key, i);
  }
  CHECK(lacks(cache, std::string(capacity / 2, 'y')) && cache.size() > size * 9 / 10);
}

void test_entries_get_95_percent_of_the_capacity() {
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

// Random operations against a map. Budget and counts hold after every step.
void test_a_hit_is_the_last_vector_set() {
  auto random_bits = seeded_random();
  EmbeddingCache cache(options_of(60'000));
  std::unordered_map<std::string, std::size_t> last;
  std::size_t hits = 0;
  std::size_t misses = 0;
  std::size_t faults = 0;
  std::vector<float> out(kDimensions);
  for (std::size_t step = 0; step < 100'000; ++step) {
    // Entries of short keys share a segment, entries of long keys do not.
    const std::string key(random_bits() % 16 == 0 ? 700 : random_bits() % 3,
                          static_cast<char>(random_bits() % 4));
    const std::string whole = key + std::to_string(random_bits() % 600);
    if (random_bits() % 2 == 0) {
      cache.set(whole, vector_of(step));
      last[whole] = step;
      if (step % 8 == 0) {  // seldom, since each look is a hit and keeps the entry longer
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

void test_an_entry_is_found_until_its_time_is_over() {
  CacheOptions options = options_of(1 << 20);
  options.time_to_live_ms = 500;
  options.clock_ms = clock_of_the_test;
  EmbeddingCache cache(options);
  now_ms = 1;  // the clock is younger than the time to live
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
  cache.set("a", vector_of(3));  // again, in the old one's place
  CHECK(holds(cache, "a", 3) && cache.size() == 3);
  now_ms = 1999;
  CHECK(holds(cache, "a", 3) && lacks(cache, "b"));
  CHECK(cache.counts().hits == 5 && cache.counts().misses == 3);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  for (const auto hash : {constant_hash, zero_hash, cosimo::hash_text}) test_whole_keys_decide(hash);
  test_any_bytes_are_a_key();
  test_keys_of_megabytes_are_told_apart();
  test_the_budget_holds_from_the_smallest_on();
  test_a_large_entry_stays_within_the_budget();
  test_entries_get_95_percent_of_the_capacity();
  test_a_hit_is_the_last_vector_set();
  test_an_entry_is_found_until_its_time_is_over();
  return finish();
}
