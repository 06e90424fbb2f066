// Readers and writers of one cache at once: a hit is a version of that very key, never older than one seen
// before, and whole for as long as its reader stays; every look-up is counted; the budget holds.
// COSIMO_STRESS_S: how long, in seconds.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "core/base/thread_number.h"
#include "core/cache/embedding_cache.h"
#include "support/check.h"
#include "support/environment.h"

namespace cosimo::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kDimensions = 48;
constexpr std::size_t kKeys = 4000;
constexpr std::size_t kWriters = 2;
constexpr std::size_t kReaders = 4;

std::uint64_t poor_hash(std::string_view text) noexcept { return text.size() % 7; }

// Long keys have a segment to themselves.
std::string key_of(std::size_t key) {
  return std::to_string(key) + std::string(key % 11 == 0 ? 900 : key % 50, '.');
}

float value_of(std::size_t key, std::size_t version) { return static_cast<float>(version * kKeys + key); }

struct Shared {
  explicit Shared(const CacheOptions& options) : cache(options) {
    for (std::size_t key = 0; key < kKeys; ++key) keys.push_back(key_of(key));
  }

  EmbeddingCache cache;
  std::vector<std::string> keys;
  std::vector<std::atomic<std::size_t>> versions = std::vector<std::atomic<std::size_t>>(kKeys);
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> lookups{0};
  std::atomic<std::size_t> hits{0};
  std::atomic<std::size_t> faults{0};
};

// Popular keys are asked for more often, so that entries are promoted, reinserted and dropped alike.
std::size_t some_key(std::mt19937_64& random_bits) {
  const std::size_t range = random_bits() % 2 == 0 ? kKeys / 20 : kKeys;
  return random_bits() % range;
}

// Each key has one writer, so that its versions follow one another.
void write(Shared& shared, std::size_t writer, std::uint64_t seed) {
  std::mt19937_64 random_bits(seed);
  while (!shared.stop) {
    const std::size_t key = some_key(random_bits) / kWriters * kWriters + writer;
    const std::size_t version = shared.versions[key] + 1;
    const std::vector<float> vector(kDimensions, value_of(key, version));
    if (shared.cache.set(shared.keys[key], vector)) {
      shared.versions[key] = version;
    } else {
      std::this_thread::yield();  // a reader has lost its core in the middle of a look-up
    }
    if (shared.cache.memory_bytes() > shared.cache.capacity_bytes()) ++shared.faults;
  }
}

class ReaderThread {
 public:
  ReaderThread(Shared& shared, std::uint64_t seed) : shared_(shared), random_bits_(seed) {}

  void run(std::size_t lookups) {
    for (std::size_t i = 0; i < lookups && !shared_.stop; ++i) {
      look_up(some_key(random_bits_), i);
      // A thread that only looks up nearly always loses its core inside a look-up, and then writers get no
      // memory.
      if (i % 16 == 0) std::this_thread::yield();
    }
    shared_.lookups += lookups_;
    shared_.hits += hits_;
    shared_.faults += faults_;
  }

 private:
  void look_up(std::size_t key, std::size_t turn) {
    const std::size_t before = shared_.versions[key];
    EmbeddingCache::Reader reader(shared_.cache);
    const std::span<const float> vector = reader.find(shared_.keys[key]);
    ++lookups_;
    reader.count(vector.empty() ? 0 : 1, vector.empty() ? 1 : 0);
    if (vector.empty()) return;
    ++hits_;
    const float first = vector[0];
    const std::size_t version = static_cast<std::size_t>(first) / kKeys;
    // A version that is being written may be seen; one older than the newest before the look-up may not.
    const bool is_of_key = first == value_of(key, version);
    if (!is_of_key || version < before || version > shared_.versions[key] + 1) ++faults_;
    if (turn % 1024 == 0) std::this_thread::yield();  // long enough for the entry to be replaced or evicted
    for (const float value : vector) faults_ += value == first ? 0 : 1;
  }

  Shared& shared_;
  std::mt19937_64 random_bits_;
  std::size_t lookups_ = 0;
  std::size_t hits_ = 0;
  std::size_t faults_ = 0;
};

void stress(const CacheOptions& options, double seconds) {
  auto random_bits = seeded_random();
  Shared shared(options);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kWriters; ++i)
    threads.emplace_back([&shared, i, seed = random_bits()] { write(shared, i, seed); });
  for (std::size_t i = 0; i < kReaders; ++i) {
    threads.emplace_back(
        [&shared, seed = random_bits()] { ReaderThread(shared, seed).run(~std::size_t{0}); });
  }
  // Threads that come and go hand their numbers on.
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    std::thread([&shared, seed = random_bits()] { ReaderThread(shared, seed).run(200); }).join();
  }
  shared.stop = true;
  for (std::thread& thread : threads) thread.join();
  const CacheCounts counts = shared.cache.counts();
  std::printf("%zu look-ups, %zu hits; %llu insertions, %llu evictions, %llu readmissions, %llu refusals\n",
              shared.lookups.load(), shared.hits.load(), static_cast<unsigned long long>(counts.insertions),
              static_cast<unsigned long long>(counts.evictions),
              static_cast<unsigned long long>(counts.readmissions),
              static_cast<unsigned long long>(counts.refusals));
  CHECK(shared.faults == 0);
  CHECK(counts.hits == shared.hits && counts.hits + counts.misses == shared.lookups);
  CHECK(counts.insertions - counts.evictions == shared.cache.size());
  CHECK(shared.hits > 1000 && counts.evictions > 1000);
}

// A reader in the middle of a look-up keeps what it looks at, and writers go on without waiting for it.
void test_suspended_reader() {
  Shared shared({.dimensions = kDimensions, .capacity_bytes = 200'000});
  const std::vector<float> mine(kDimensions, 1.0F);
  const std::vector<float> others(kDimensions, 2.0F);
  shared.cache.set("held", mine);
  std::atomic<bool> reading{false};
  std::atomic<bool> written{false};
  std::size_t faults = 0;
  std::thread suspended([&] {
    EmbeddingCache::Reader reader(shared.cache);
    const std::span<const float> vector = reader.find("held");
    reading = true;
    reading.notify_one();
    written.wait(false);
    if (vector.size() != kDimensions) ++faults;
    for (const float value : vector) faults += value == 1.0F ? 0 : 1;
  });
  reading.wait(false);
  for (std::size_t i = 0; i < 20'000; ++i) shared.cache.set("other " + std::to_string(i), others);
  CHECK(shared.cache.memory_bytes() <= shared.cache.capacity_bytes());
  CHECK(shared.cache.counts().refusals > 0);
  written = true;
  written.notify_one();
  suspended.join();
  CHECK(faults == 0);
  const std::uint64_t refusals = shared.cache.counts().refusals;
  for (std::size_t i = 0; i < 20'000; ++i) shared.cache.set("more " + std::to_string(i), others);
  CHECK(shared.cache.counts().refusals == refusals);  // once it has gone, memory comes back
}

// More threads than there are numbers, all in the cache at once.
void test_threads_without_a_number() {
  EmbeddingCache cache({.dimensions = kDimensions, .capacity_bytes = 1 << 20});
  cache.set("key", std::vector<float>(kDimensions, 7.0F));
  std::atomic<std::size_t> ready{0};
  std::atomic<std::size_t> without{0};
  std::atomic<std::size_t> right{0};
  constexpr std::size_t kThreads = kNumberedThreads + 10;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      without += thread_number() == kNumberedThreads ? 1 : 0;
      ++ready;
      while (ready < kThreads) std::this_thread::yield();
      std::vector<float> out(kDimensions);
      for (int look = 0; look < 100; ++look) right += cache.get("key", out) && out[0] == 7.0F ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(without >= 10 && right == kThreads * 100 && cache.counts().hits == kThreads * 100);
  std::size_t number = kNumberedThreads;
  std::thread([&number] { number = thread_number(); }).join();
  CHECK(number < kNumberedThreads);  // numbers come back
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  const double seconds = static_cast<double>(from_environment("COSIMO_STRESS_S", 10));
  cosimo::CacheOptions options{.dimensions = kDimensions, .capacity_bytes = 400'000};
  stress(options, seconds / 2);
  options.hash = poor_hash;  // long chains that change all the time
  options.capacity_bytes = 60'000;
  stress(options, seconds / 2);
  test_suspended_reader();
  test_threads_without_a_number();
  return finish();
}
