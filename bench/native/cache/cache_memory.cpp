#include "cache/cache_memory.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <vector>

#include "cache/cache_keys.h"
#include "core/cache/embedding_cache.h"

namespace cosimo::bench {
namespace {

// Entries that are set, as a multiple of those that fit.
constexpr std::size_t kPasses = 3;
constexpr std::size_t kLookupsPerSet = 3;

// The peak resident memory of this process so far.
double peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
  return static_cast<double>(usage.ru_maxrss);
#else
  return static_cast<double>(usage.ru_maxrss) * 1024;
#endif
}

double growth_of(const CacheSettings& settings) {
  const std::vector<float> vector(settings.dimensions, 0.25F);
  std::vector<float> out(settings.dimensions);
  char key[kKeyBytes] = {};
  const double before = peak_bytes();
  EmbeddingCache cache({.dimensions = settings.dimensions, .capacity_bytes = settings.capacity_bytes()});
  for (std::size_t count = 0; count < kPasses * settings.entries; ++count) {
    std::memcpy(key, &count, sizeof count);
    cache.set({key, kKeyBytes}, vector);
    if (count % kLookupsPerSet == 0) cache.get({key, kKeyBytes}, out);  // so that both queues are used
  }
  return (peak_bytes() - before) / static_cast<double>(settings.capacity_bytes());
}

// Measures in a process of its own, which holds no memory from earlier work.
double growth_of_child(const CacheSettings& settings) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("A pipe could not be opened.");
  const pid_t child = fork();
  if (child == 0) {
    const double growth = growth_of(settings);
    _exit(write(ends[1], &growth, sizeof growth) == sizeof growth ? 0 : 1);
  }
  close(ends[1]);
  double growth = 0;
  const bool read_all = child > 0 && read(ends[0], &growth, sizeof growth) == sizeof growth;
  close(ends[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  if (!read_all) throw std::runtime_error("The process that filled a cache has failed.");
  return growth;
}

class MemoryWorker : public Worker {
 public:
  explicit MemoryWorker(const CacheSettings& settings) : settings_(settings) {}

  /// Fills one cache: some hundred milliseconds.
  void step(Tally& tally) override {
    tally.growth += growth_of_child(settings_);
    tally.units += 1;
  }

 private:
  const CacheSettings settings_;
};

class MemoryMeasure : public Measure {
 public:
  explicit MemoryMeasure(const CacheSettings& settings) : settings_(settings) {}

  std::unique_ptr<Worker> make_worker(std::size_t) override {
    return std::make_unique<MemoryWorker>(settings_);
  }

  Round describe(const Tally& sum, double) const override {
    return {sum.growth / sum.units, {{"capacity_mb", static_cast<double>(settings_.capacity_bytes()) / 1e6}}};
  }

 private:
  const CacheSettings settings_;
};

}  // namespace

std::unique_ptr<Measure> make_memory_measure(const CacheSettings& settings) {
  return std::make_unique<MemoryMeasure>(settings);
}

}  // namespace cosimo::bench
