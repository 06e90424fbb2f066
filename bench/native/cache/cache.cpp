// Measures the embedding cache under several threads.
#include <cstring>
#include <optional>
#include <stdexcept>

#include "cache/cache_copies.h"
#include "cache/cache_keys.h"
#include "cache/cache_memory.h"
#include "cache/cache_settings.h"
#include "core/cache/embedding_cache.h"
#include "support/measure.h"

namespace cosimo::bench {
namespace {

constexpr std::size_t kDraws = 1U << 20U;  // of each thread, asked for over and over
constexpr std::size_t kOperationsPerStep = 256;
constexpr std::size_t kPrefetchAhead = 8;
constexpr std::uint32_t kSetNewKey = 0xffffffff;  // in place of a draw
constexpr std::uint32_t kLookupsPerSet = 9;

struct Shared {
  explicit Shared(const CacheSettings& given)
      : settings(given),
        cache({.dimensions = given.dimensions, .capacity_bytes = given.capacity_bytes()}),
        keys(given.key_count()) {
    if (settings.operation == CacheOperation::zipf || settings.operation == CacheOperation::zipf_hit)
      ranks.emplace(keys.count(), settings.zipf_exponent);
  }

  const CacheSettings settings;
  EmbeddingCache cache;
  const CacheKeys keys;
  std::optional<ZipfRanks> ranks;
};

class CacheWorker : public Worker {
 public:
  CacheWorker(Shared& shared, std::size_t thread)
      : shared_(shared), vector_(shared.settings.dimensions, 0.5F), out_(shared.settings.dimensions) {
    // No other key begins with this thread's number; the counter after it makes each key new.
    std::memset(new_key_, 0, kKeyBytes);
    std::memcpy(new_key_, &thread, sizeof thread);
    Random random(shared.settings.seed, thread);
    draws_.resize(kDraws);
    for (std::uint32_t& draw : draws_) draw = draw_key(random);
    if (shared.settings.operation != CacheOperation::zipf) return;
    for (Tally ignored; ignored.units < kDraws;) step(ignored);  // until popular keys are in the cache
  }

  void step(Tally& tally) override {
    std::size_t lookups = 0;
    std::size_t hits = 0;
    for (std::size_t i = 0; i < kOperationsPerStep; ++i) {
      const std::uint32_t draw = next_draw();
      if (draw == kSetNewKey) {
        set_new_key();
        continue;
      }
      ++lookups;
      const std::string_view key = shared_.keys[draw];
      if (shared_.cache.get(key, out_)) {
        ++hits;
      } else if (shared_.settings.operation != CacheOperation::miss) {
        // As a service does; otherwise entries evicted in `mixed` would never return.
        shared_.cache.set(key, vector_);
      }
    }
    tally.units += kOperationsPerStep;
    tally.lookups += static_cast<double>(lookups);
    tally.hits += static_cast<double>(hits);
  }

 private:
  std::uint32_t draw_key(Random& random) const {
    const std::size_t entries = shared_.settings.entries;
    switch (shared_.settings.operation) {
      case CacheOperation::miss:
        return static_cast<std::uint32_t>(entries) + random.below(entries);
      case CacheOperation::zipf:
      case CacheOperation::zipf_hit:
        return shared_.ranks->draw(random);
      case CacheOperation::one_key:
        return 0;
      case CacheOperation::mixed:
        if (random.below(kLookupsPerSet + 1) == 0) return kSetNewKey;
        break;
      case CacheOperation::hit:
      case CacheOperation::memory:
      case CacheOperation::copy:
        break;
    }
    return random.below(entries);
  }

  std::uint32_t next_draw() {
    const std::uint32_t soon = draws_[(at_ + kPrefetchAhead) % kDraws];
    if (soon != kSetNewKey) shared_.keys.prefetch(soon);
    const std::uint32_t draw = draws_[at_];
    at_ = (at_ + 1) % kDraws;
    return draw;
  }

  void set_new_key() {
    ++new_keys_;
    std::memcpy(new_key_ + sizeof(std::size_t), &new_keys_, sizeof new_keys_);
    shared_.cache.set({new_key_, kKeyBytes}, vector_);
  }

  Shared& shared_;
  const std::vector<float> vector_;
  std::vector<float> out_;
  std::vector<std::uint32_t> draws_;
  std::size_t at_ = 0;
  char new_key_[kKeyBytes];
  std::uint64_t new_keys_ = 0;
};

class CacheMeasure : public Measure {
 public:
  explicit CacheMeasure(const CacheSettings& settings) : shared_(settings) {
    if (settings.operation == CacheOperation::zipf) return;  // the workers fill it, as popular as keys are
    const std::vector<float> vector(settings.dimensions, 0.25F);
    for (std::size_t at = 0; at < settings.entries; ++at) shared_.cache.set(shared_.keys[at], vector);
    // Looks up each entry once, so that none counts as unwanted and is evicted.
    std::vector<float> out(settings.dimensions);
    std::size_t kept = 0;
    for (std::size_t at = 0; at < settings.entries; ++at) kept += shared_.cache.get(shared_.keys[at], out);
    if (kept != settings.entries) {
      throw std::runtime_error("The cache keeps fewer entries than it was made to have room for.");
    }
  }

  std::unique_ptr<Worker> make_worker(std::size_t thread) override {
    return std::make_unique<CacheWorker>(shared_, thread);
  }

  Round describe(const Tally& sum, double seconds) const override {
    return {sum.units / seconds, {{"hit_rate", sum.hits / sum.lookups}}};
  }

 private:
  Shared shared_;
};

}  // namespace

std::unique_ptr<Measure> make_cache_measure(Arguments& arguments) {
  const CacheSettings settings = CacheSettings::from(arguments);
  if (settings.operation == CacheOperation::copy) return make_copies_measure(settings);
  if (settings.operation == CacheOperation::memory) return make_memory_measure(settings);
  return std::make_unique<CacheMeasure>(settings);
}

}  // namespace cosimo::bench
