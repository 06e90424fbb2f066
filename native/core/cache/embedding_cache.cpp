#include "core/cache/embedding_cache.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace cosimo {
namespace {

// As many slots as entries can fit, and as many ghosts.
std::size_t slots_for(const CacheOptions& options) noexcept {
  constexpr std::size_t kShortKey = 8;
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  return std::min(kMost, options.capacity_bytes / CacheEntry::size_of(kShortKey, options.dimensions) + 1);
}

std::size_t ghost_sets_for(std::size_t slots) noexcept {
  return (slots + GhostTable::kWays - 1) / GhostTable::kWays;
}

// For a counter that only one thread at a time writes.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t more) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

std::uint64_t steady_ms() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) + 1;
}

EmbeddingCache::EmbeddingCache(const CacheOptions& options) : options_(options) {
  const std::size_t slots = slots_for(options);
  const std::size_t ghost_sets = ghost_sets_for(slots);
  const std::size_t fixed =
      sizeof(EmbeddingCache) + CacheTable::bytes_of(slots) + GhostTable::bytes_of(ghost_sets);
  if (fixed >= options.capacity_bytes) return;
  table_.emplace(slots);
  policy_.emplace(options.dimensions, options.capacity_bytes - fixed, ghost_sets, *table_, epochs_);
  fixed_bytes_ = fixed;
}

std::size_t EmbeddingCache::memory_bytes() const noexcept {
  return policy_ ? fixed_bytes_ + policy_->held_bytes() : 0;
}

CacheCounts EmbeddingCache::counts() const noexcept {
  CacheCounts counts{};
  counts.hits = slotless_hits_.load(std::memory_order_relaxed);
  counts.misses = slotless_misses_.load(std::memory_order_relaxed);
  for (const ReaderEpochs::Slot& slot : epochs_.slots()) {
    counts.hits += slot.hits.load(std::memory_order_relaxed);
    counts.misses += slot.misses.load(std::memory_order_relaxed);
  }
  counts.insertions = insertions_.load(std::memory_order_relaxed);
  counts.evictions = evictions_.load(std::memory_order_relaxed);
  counts.readmissions = readmissions_.load(std::memory_order_relaxed);
  counts.refusals = refusals_.load(std::memory_order_relaxed);
  return counts;
}

EmbeddingCache::Reader::Reader(EmbeddingCache& cache) noexcept
    : cache_(cache), slot_(cache.epochs_.own_slot()) {
  if (slot_ != nullptr) {
    cache_.epochs_.enter(*slot_);
  } else {
    lock_ = std::unique_lock(cache_.mutex_);
  }
}

EmbeddingCache::Reader::~Reader() {
  if (slot_ != nullptr) ReaderEpochs::leave(*slot_);
}

std::span<const float> EmbeddingCache::Reader::find(std::string_view key) noexcept {
  if (!cache_.table_) return {};
  CacheEntry* entry = cache_.table_->find(key, cache_.options_.hash(key));
  if (entry == nullptr || entry->written_ms < cache_.oldest_ms()) return {};
  entry->touch();
  return entry->vector(cache_.dimensions());
}

void EmbeddingCache::Reader::count(std::uint64_t hits, std::uint64_t misses) noexcept {
  add(slot_ != nullptr ? slot_->hits : cache_.slotless_hits_, hits);
  add(slot_ != nullptr ? slot_->misses : cache_.slotless_misses_, misses);
}

bool EmbeddingCache::get(std::string_view key, std::span<float> out) noexcept {
  Reader reader(*this);
  const std::span<const float> vector = reader.find(key);
  const bool found = !vector.empty();
  if (found) std::memcpy(out.data(), vector.data(), vector.size_bytes());
  reader.count(found ? 1 : 0, found ? 0 : 1);
  return found;
}

bool EmbeddingCache::set(std::string_view key, std::span<const float> vector) noexcept {
  const std::uint64_t hash = options_.hash(key);
  const std::uint64_t now_ms = options_.time_to_live_ms == 0 ? 0 : options_.clock_ms();
  const std::lock_guard lock(mutex_);
  const bool countable = key.size() <= std::numeric_limits<std::uint32_t>::max();
  const bool kept = policy_ && countable && policy_->insert(key, hash, vector, now_ms, oldest_ms());
  if (!kept) add(refusals_, 1);
  if (!policy_) return false;
  size_.store(policy_->size(), std::memory_order_relaxed);
  insertions_.store(policy_->counts().insertions, std::memory_order_relaxed);
  evictions_.store(policy_->counts().evictions, std::memory_order_relaxed);
  readmissions_.store(policy_->counts().readmissions, std::memory_order_relaxed);
  return kept;
}

// Entries written before this are too old; 0 without an age limit.
std::uint64_t EmbeddingCache::oldest_ms() const noexcept {
  if (options_.time_to_live_ms == 0) return 0;
  const std::uint64_t now_ms = options_.clock_ms();
  return now_ms > options_.time_to_live_ms ? now_ms - options_.time_to_live_ms + 1 : 0;
}

}  // namespace cosimo
