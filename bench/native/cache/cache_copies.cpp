#include "cache/cache_copies.h"

#include <cstring>
#include <vector>

#include "cache/cache_keys.h"
#include "core/base/hash_text.h"
#include "core/cache/cache_entry.h"
#include "support/huge_pages.h"

namespace cosimo::bench {
namespace {

constexpr std::size_t kDraws = 1U << 20U;
constexpr std::size_t kOperationsPerStep = 256;
constexpr std::size_t kPrefetchAhead = 8;

// Entries as the cache has them, one after another, found by their number.
class PlainEntries {
 public:
  explicit PlainEntries(const CacheSettings& settings)
      : dimensions_(settings.dimensions),
        stride_(CacheEntry::size_of(kKeyBytes, settings.dimensions)),
        keys_(settings.entries),
        memory_(settings.entries * stride_) {
    const std::vector<float> vector(dimensions_, 0.25F);
    for (std::size_t at = 0; at < settings.entries; ++at)
      CacheEntry::create(memory_.get() + at * stride_, keys_[at], hash_text(keys_[at]), vector, 0);
  }

  void prefetch(std::size_t at) const noexcept { keys_.prefetch(at); }

  bool copy(std::size_t at, std::span<float> out) const noexcept {
    const CacheEntry& entry = *CacheEntry::at(memory_.get() + at * stride_);
    if (entry.hash != hash_text(keys_[at]) || entry.key() != keys_[at]) return false;
    std::memcpy(out.data(), entry.vector(dimensions_).data(), out.size_bytes());
    return true;
  }

 private:
  const std::size_t dimensions_;
  const std::size_t stride_;
  const CacheKeys keys_;
  const HugePages memory_;
};

class CopiesWorker : public Worker {
 public:
  CopiesWorker(const PlainEntries& entries, const CacheSettings& settings, std::size_t thread)
      : entries_(entries), out_(settings.dimensions), draws_(kDraws) {
    Random random(settings.seed, thread);
    for (std::uint32_t& draw : draws_) draw = random.below(settings.entries);
  }

  void step(Tally& tally) override {
    std::size_t hits = 0;
    for (std::size_t i = 0; i < kOperationsPerStep; ++i, at_ = (at_ + 1) % kDraws) {
      entries_.prefetch(draws_[(at_ + kPrefetchAhead) % kDraws]);
      hits += entries_.copy(draws_[at_], out_) ? 1 : 0;
    }
    tally.units += kOperationsPerStep;
    tally.lookups += kOperationsPerStep;
    tally.hits += static_cast<double>(hits);
  }

 private:
  const PlainEntries& entries_;
  std::vector<float> out_;
  std::vector<std::uint32_t> draws_;
  std::size_t at_ = 0;
};

class CopiesMeasure : public Measure {
 public:
  explicit CopiesMeasure(const CacheSettings& settings) : settings_(settings), entries_(settings) {}

  std::unique_ptr<Worker> make_worker(std::size_t thread) override {
    return std::make_unique<CopiesWorker>(entries_, settings_, thread);
  }

  Round describe(const Tally& sum, double seconds) const override {
    return {sum.units / seconds, {{"hit_rate", sum.hits / sum.lookups}}};
  }

 private:
  const CacheSettings settings_;
  const PlainEntries entries_;
};

}  // namespace

std::unique_ptr<Measure> make_copies_measure(const CacheSettings& settings) {
  return std::make_unique<CopiesMeasure>(settings);
}

}  // namespace cosimo::bench
