// The cache: whole keys decide, the budget holds at every step, and what is popular stays.
#include "core/embedding_cache.h"

#include <string>
#include <unordered_map>
#include <vector>

#include "check.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 5;

std::uint64_t constant_hash(std::string_view) noexcept { return 42; }
std::uint64_t zero_hash(std::string_view) noexcept { return 0; }

std::vector<float> vector_of(std::size_t n) { return std::vector<float>(kDimensions, static_cast<float>(n)); }

bool holds(EmbeddingCache& cache, const std::string& key, std::size_t n) {
  std::vector<float> out(kDimensions, -1.0F);
  return cache.get(key, out) && out == vector_of(n);
}

bool lacks(EmbeddingCache& cache, const std::string& key) {
  std::vector<float> out(kDimensions, -1.0F);
  return !cache.get(key, out) && out == std::vector<float>(kDimensions, -1.0F);
}

void test_collisions(EmbeddingCache::Hash hash) {
  EmbeddingCache cache(kDimensions, 1 << 20, hash);
  for (std::size_t i = 0; i < 200; ++i) cache.set("key " + std::to_string(i), vector_of(i));
  CHECK(cache.size() == 200);
  for (std::size_t i = 0; i < 200; ++i) CHECK(holds(cache, "key " + std::to_string(i), i));
  CHECK(lacks(cache, "key 200"));
  cache.set("key 7", vector_of(1007));
  CHECK(holds(cache, "key 7", 1007) && holds(cache, "key 8", 8) && cache.size() == 200);
}

void test_odd_keys() {
  EmbeddingCache cache(kDimensions, 1 << 20);
  const std::string keys[] = {
      "",   std::string(1, '\0'),   std::string(2, '\0'),    std::string("a\0b", 3), "a",
      "ab", std::string("a\0c", 3), std::string(100000, 'x')};
  for (std::size_t i = 0; i < std::size(keys); ++i) {
    CHECK(lacks(cache, keys[i]));
    cache.set(keys[i], vector_of(i));
  }
  for (std::size_t i = 0; i < std::size(keys); ++i) CHECK(holds(cache, keys[i], i));
}

void test_tiny_budgets() {
  std::size_t smallest_that_keeps = 0;
  for (std::size_t capacity = 0; capacity < 3000; ++capacity) {
    EmbeddingCache cache(kDimensions, capacity);
    for (std::size_t i = 0; i < 30; ++i) {
      cache.set("k" + std::to_string(i), vector_of(i));
      if (cache.memory_bytes() > capacity) return CHECK(!"over budget");
    }
    if (smallest_that_keeps == 0 && cache.size() > 0) smallest_that_keeps = capacity;
    if (smallest_that_keeps != 0 && cache.size() == 0) return CHECK(!"kept with less, not with more");
  }
  std::printf("smallest capacity that keeps an entry: %zu bytes\n", smallest_that_keeps);
  CHECK(smallest_that_keeps > 0);
}

void test_large_entry() {
  const std::size_t capacity = 1 << 20;
  EmbeddingCache cache(kDimensions, capacity);
  for (std::size_t i = 0; i < 20000; ++i) cache.set("k" + std::to_string(i), vector_of(i));
  const std::size_t size = cache.size();
  cache.set(std::string(capacity, 'x'), vector_of(1));
  CHECK(cache.size() == size);  // could never fit: nothing was evicted for it
  cache.set(std::string(capacity / 2, 'y'), vector_of(2));
  CHECK(
      holds(cache, std::string(capacity / 2, 'y'), 2));  // larger than a shard's share: neighbours made room
  CHECK(cache.memory_bytes() <= capacity && cache.size() > 1);
}

// Random operations against a map: a hit is always the last vector set; the budget holds after every step.
void test_against_model() {
  auto random_bits = seeded_random();
  EmbeddingCache cache(kDimensions, 40000);
  std::unordered_map<std::string, std::size_t> last;
  std::size_t hits = 0;
  std::size_t faults = 0;
  std::vector<float> out(kDimensions);
  for (std::size_t step = 0; step < 100000; ++step) {
    const std::string key(random_bits() % 3, static_cast<char>(random_bits() % 4));
    const std::string whole = key + std::to_string(random_bits() % 600);
    if (random_bits() % 2 == 0) {
      cache.set(whole, vector_of(step));
      last[whole] = step;
    } else if (cache.get(whole, out)) {
      ++hits;
      if (out != vector_of(last[whole])) ++faults;
    }
    if (cache.memory_bytes() > cache.capacity_bytes()) ++faults;
  }
  CHECK(faults == 0);
  CHECK(hits > 1000);
}

void test_scan_resistance() {
  EmbeddingCache cache(kDimensions, 200000);
  for (std::size_t i = 0; i < 100; ++i) cache.set("popular " + std::to_string(i), vector_of(i));
  for (std::size_t i = 0; i < 100; ++i) CHECK(holds(cache, "popular " + std::to_string(i), i));
  for (std::size_t i = 0; i < 50000; ++i) cache.set("once " + std::to_string(i), vector_of(i));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < 100; ++i) kept += holds(cache, "popular " + std::to_string(i), i) ? 1 : 0;
  CHECK(kept == 100);
  CHECK(lacks(cache, "once 0") && holds(cache, "once 49999", 49999));
}

void test_memory_returns() {
  ByteBudget budget(100000);
  {
    CacheShard shard(kDimensions, budget);
    for (std::size_t i = 0; i < 50; ++i) shard.set("k" + std::to_string(i), i, vector_of(i));
    CHECK(budget.used() > 50 * kDimensions * sizeof(float));
  }
  CHECK(budget.used() == 0);
}

// One ghost, followed by hand: only that key comes back, and it then outlives a stream of new ones.
void test_ghost() {
  ByteBudget budget(6000);
  CacheShard shard(kDimensions, budget);
  std::uint64_t hash = 0;
  const auto stream = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, ++hash)
      shard.set("s" + std::to_string(hash), hash << 8, vector_of(1));
  };
  std::vector<float> out(kDimensions);
  const std::uint64_t ghost_hash = 3;
  shard.set("ghost", ghost_hash, vector_of(9));
  stream(200);
  CHECK(!shard.get("ghost", ghost_hash, out));
  shard.set("ghost", ghost_hash, vector_of(9));
  stream(200);
  CHECK(shard.get("ghost", ghost_hash, out) && out == vector_of(9));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  for (const auto hash : {constant_hash, zero_hash, cosimo::EmbeddingCache::Hash{cosimo::hash_text}}) {
    test_collisions(hash);
  }
  test_odd_keys();
  test_tiny_budgets();
  test_large_entry();
  test_against_model();
  test_scan_resistance();
  test_ghost();
  test_memory_returns();
  return finish();
}
