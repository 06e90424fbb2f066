// The hit rate of the cache, compared with a least-recently-used cache and a plain simulation of S3-FIFO of
// the same size.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <list>
#include <numeric>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/cache/embedding_cache.h"
#include "support/check.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

using Trace = std::vector<std::uint32_t>;

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kKeys = 100'000;

// Keys whose n-th most popular is asked for with a probability in proportion to 1/n^exponent.
class Zipf {
 public:
  Zipf(std::size_t keys, double exponent) : sums_(keys) {
    double sum = 0;
    for (std::size_t i = 0; i < keys; ++i) sums_[i] = sum += std::pow(static_cast<double>(i + 1), -exponent);
  }

  std::uint32_t draw(std::mt19937_64& random_bits) const {
    const double at = std::uniform_real_distribution<double>(0, sums_.back())(random_bits);
    return static_cast<std::uint32_t>(std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

std::size_t trace_length() { return is_brief() ? 300'000 : 1'000'000; }

Trace zipf_trace(std::mt19937_64& random_bits) {
  const Zipf zipf(kKeys, 1.0);
  Trace trace(trace_length());
  for (std::uint32_t& key : trace) key = zipf.draw(random_bits);
  return trace;
}

// The same, with a bulk ingest now and then: 20,000 keys that nobody asks for again.
Trace scanned_trace(std::mt19937_64& random_bits) {
  const Zipf zipf(kKeys, 1.0);
  Trace trace;
  std::uint32_t fresh = kKeys;
  while (trace.size() < trace_length()) {
    for (int i = 0; i < 80'000; ++i) trace.push_back(zipf.draw(random_bits));
    for (int i = 0; i < 20'000; ++i) trace.push_back(fresh++);
  }
  return trace;
}

// The hit rate over the second half, when the caches are full.
template <typename Hit>
double hit_rate(const Trace& trace, Hit&& hit) {
  std::size_t hits = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) hits += hit(trace[i]) && i >= trace.size() / 2 ? 1 : 0;
  return static_cast<double>(hits) / static_cast<double>(trace.size() - trace.size() / 2);
}

class LeastRecentlyUsed {
 public:
  explicit LeastRecentlyUsed(std::size_t capacity) : capacity_(capacity) {}

  bool hit(std::uint32_t key) {
    const auto found = places_.find(key);
    if (found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return true;
    }
    if (order_.size() == capacity_) {
      places_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(key);
    places_[key] = order_.begin();
    return false;
  }

 private:
  const std::size_t capacity_;
  std::list<std::uint32_t> order_;
  std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> places_;
};

// The paper's pseudocode, entry by entry; all entries have the same size.
class PlainS3Fifo {
 public:
  explicit PlainS3Fifo(std::size_t capacity) : capacity_(capacity) {}

  bool hit(std::uint32_t key) {
    if (const auto found = hits_.find(key); found != hits_.end()) {
      found->second = std::min(found->second + 1, 3);
      return true;
    }
    while (small_.size() + main_.size() >= capacity_) evict();
    if (ghosts_.erase(key) > 0) {
      main_.push_back(key);
    } else {
      small_.push_back(key);
    }
    hits_[key] = 0;
    return false;
  }

 private:
  void evict() {
    if (small_.size() >= capacity_ / 10) {
      const std::uint32_t key = small_.front();
      small_.pop_front();
      if (hits_[key] > 0) {
        main_.push_back(key);
        hits_[key] = 0;
        return;
      }
      hits_.erase(key);
      ghosts_.insert(key);
      ghost_order_.push_back(key);
      if (ghost_order_.size() > capacity_ * 9 / 10) {
        ghosts_.erase(ghost_order_.front());
        ghost_order_.pop_front();
      }
      return;
    }
    const std::uint32_t key = main_.front();
    main_.pop_front();
    if (hits_[key] > 0) {
      --hits_[key];
      main_.push_back(key);
    } else {
      hits_.erase(key);
    }
  }

  const std::size_t capacity_;
  std::deque<std::uint32_t> small_;
  std::deque<std::uint32_t> main_;
  std::deque<std::uint32_t> ghost_order_;
  std::unordered_set<std::uint32_t> ghosts_;
  std::unordered_map<std::uint32_t, int> hits_;
};

// The simulations have room for as many entries as the capacity would hold without any bookkeeping.
void compare(const char* name, const Trace& trace, std::size_t capacity_bytes) {
  const std::vector<float> vector(kDimensions, 0.5F);
  std::vector<float> out(kDimensions);
  EmbeddingCache cache({.dimensions = kDimensions, .capacity_bytes = capacity_bytes});
  const double own = hit_rate(trace, [&](std::uint32_t key) {
    char text[64];
    const auto length = static_cast<std::size_t>(std::snprintf(text, sizeof text, "%059u", key));
    if (cache.get({text, length}, out)) return true;
    cache.set({text, length}, vector);
    return false;
  });
  const std::size_t entries = capacity_bytes / CacheEntry::size_of(59, kDimensions);
  LeastRecentlyUsed recent(entries);
  PlainS3Fifo plain(entries);
  const double lru = hit_rate(trace, [&](std::uint32_t key) { return recent.hit(key); });
  const double reference = hit_rate(trace, [&](std::uint32_t key) { return plain.hit(key); });
  std::printf("%s, %zu entries: hit rate %.4f; least recently used %.4f, plain S3-FIFO %.4f\n", name, entries,
              own, lru, reference);
  CHECK(own >= lru);
  CHECK(own >= reference - 0.01);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  auto random_bits = seeded_random();
  const Trace zipf = zipf_trace(random_bits);
  const Trace scanned = scanned_trace(random_bits);
  for (const std::size_t mib : {2, 8, 32}) {
    if (is_brief() && mib > 2) break;
    compare("Zipf", zipf, mib << 20);
    compare("Zipf with scans", scanned, mib << 20);
  }
  return finish();
}
