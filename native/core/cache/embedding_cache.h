// Text → vector, bounded in bytes, read without a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/hash_text.h"
#include "core/base/reader_epochs.h"
#include "core/cache/cache_table.h"
#include "core/cache/eviction_policy.h"

namespace cosimo {

/// Milliseconds of a clock that never goes back; at least 1.
std::uint64_t steady_ms() noexcept;

struct CacheOptions {
  /// ≥ 1.
  std::size_t dimensions;
  /// For everything: keys, vectors, tables, this object, and memory that waits for readers.
  std::size_t capacity_bytes;
  /// An entry that is older is not found any more; 0: no age limit.
  std::uint64_t time_to_live_ms = 0;
  std::uint64_t (*hash)(std::string_view) noexcept = hash_text;
  std::uint64_t (*clock_ms)() noexcept = steady_ms;
};

struct CacheCounts {
  /// Exact: hits + misses = finished calls of get(), plus what Reader::count() was given.
  std::uint64_t hits;
  std::uint64_t misses;
  std::uint64_t insertions;
  std::uint64_t evictions;
  /// Insertions of keys that were evicted shortly before; these start in the main queue.
  std::uint64_t readmissions;
  /// Calls of set() that kept nothing: too large, no memory, or all memory waited for a reader.
  std::uint64_t refusals;
};

/// A bounded cache, safe from every thread. A hit compares the whole key. A key may be empty and hold any
/// bytes. EvictionPolicy decides what is kept.
///
/// Progress of readers. get() takes no lock and allocates nothing. It writes only to words of its own thread,
/// and to an entry's hit count until that is full. It is lock-free, and wait-free while no writer adds to the
/// chain that it walks: a suspended writer keeps nobody from reading. Two exceptions: a thread without a
/// number (thread_number.h) has no words of its own and takes the writers' mutex instead; a thread's first
/// call takes the mutex of the numbers. Sizes and counts are wait-free.
///
/// Progress of writers. set() takes the mutex. It copies one vector and empties as many segments as it needs,
/// moving a megabyte at most. It does not wait for readers. While a reader is suspended inside get(), memory
/// that was freed since can't be reused; when no other is left, set() keeps nothing.
///
/// Memory ordering. The mutex orders writers. A reader reaches an entry through a link of CacheTable, which
/// was stored after the entry was made. ReaderEpochs says why an entry's memory is not reused while a reader
/// is in it.
class EmbeddingCache {
 public:
  /// Throws std::bad_alloc.
  explicit EmbeddingCache(const CacheOptions& options);

  std::size_t dimensions() const noexcept { return options_.dimensions; }
  std::size_t capacity_bytes() const noexcept { return options_.capacity_bytes; }
  /// At most the capacity. 0 when the capacity is too small to keep anything.
  std::size_t memory_bytes() const noexcept;
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  CacheCounts counts() const noexcept;

  /// Look-ups without a copy: vectors that it finds stay valid as long as it lives. Keep it short, since
  /// memory that is freed meanwhile can't be reused before it ends. A thread has one at a time.
  class Reader {
   public:
    explicit Reader(EmbeddingCache& cache) noexcept;
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// The vector, empty when the key is not in the cache. Counts neither hit nor miss.
    std::span<const float> find(std::string_view key) noexcept;
    /// Adds to counts().
    void count(std::uint64_t hits, std::uint64_t misses) noexcept;

   private:
    EmbeddingCache& cache_;
    ReaderEpochs::Slot* const slot_;
    std::unique_lock<std::mutex> lock_;  // held only when slot_ is null
  };

  /// Copies the vector into `out` (`dimensions` floats); false when the key is not in the cache.
  bool get(std::string_view key, std::span<float> out) noexcept;

  /// Keeps a copy of `vector` (`dimensions` floats) in place of an older one. False when there is no room:
  /// then an older one stays.
  bool set(std::string_view key, std::span<const float> vector) noexcept;

 private:
  std::uint64_t oldest_ms() const noexcept;

  const CacheOptions options_;
  ReaderEpochs epochs_;
  std::size_t fixed_bytes_ = 0;
  // Both empty when the capacity is too small.
  std::optional<CacheTable> table_;
  std::optional<EvictionPolicy> policy_;  // guarded by mutex_

  std::mutex mutex_;
  // Written under the mutex, read by any thread.
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> insertions_{0};
  std::atomic<std::uint64_t> evictions_{0};
  std::atomic<std::uint64_t> readmissions_{0};
  std::atomic<std::uint64_t> refusals_{0};
  std::atomic<std::uint64_t> slotless_hits_{0};
  std::atomic<std::uint64_t> slotless_misses_{0};
};

}  // namespace cosimo
