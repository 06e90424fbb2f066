// Many threads on one cache: a hit is always a vector that was set under that very key, whole.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "core/embedding_cache.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 16;
constexpr std::size_t kCapacity = 60000;  // a fraction of the keys: evictions all the time

std::uint64_t weak_hash(std::string_view key) noexcept { return key.size() * 0x0101010101010101U; }

void work(EmbeddingCache& cache, std::mt19937_64 random_bits, std::atomic<int>& hits,
          std::atomic<int>& faults) {
  std::vector<float> out(kDimensions);
  for (int step = 0; step < 20000; ++step) {
    const std::uint64_t n = random_bits() % 2000;
    const std::string key = std::string(n % 50, 'k') + std::to_string(n);
    if (random_bits() % 2 == 0) {
      // The value tells the key, and is the same all along the vector, so that a torn copy shows.
      cache.set(key, std::vector<float>(kDimensions, static_cast<float>(n * 4 + random_bits() % 4)));
    } else if (cache.get(key, out)) {
      ++hits;
      const bool whole = std::vector<float>(kDimensions, out[0]) == out;
      if (!whole || static_cast<std::uint64_t>(out[0]) / 4 != n) ++faults;
    }
    if (cache.memory_bytes() > kCapacity) ++faults;
  }
}

void test_threads(EmbeddingCache::Hash hash) {
  EmbeddingCache cache(kDimensions, kCapacity, hash);
  std::atomic<int> hits{0};
  std::atomic<int> faults{0};
  std::mt19937_64 random = seeded_random();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(
        [&, random_bits = std::mt19937_64(random())]() mutable { work(cache, random_bits, hits, faults); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(faults == 0);
  CHECK(hits > 1000);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_threads(cosimo::hash_text);
  test_threads(weak_hash);
  return finish();
}
