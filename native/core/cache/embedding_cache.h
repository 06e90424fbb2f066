// Text → vector, bounded in bytes, read without a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "core/cache/cache_keeper.h"
#include "core/cache/cache_table.h"
#include "core/base/hash_text.h"
#include "core/base/reader_epochs.h"

namespace cosimo {

/// Milliseconds of a clock that never goes back, from 1.
std::uint64_t steady_ms() noexcept;

struct CacheOptions {
  /// ≥ 1.
  std::size_t dimensions;
  /// For everything: keys, vectors, tables, this object, and what waits for readers.
  std::size_t capacity_bytes;
  /// Older entries are not found; 0: they never age.
  std::uint64_t time_to_live_ms = 0;
  std::uint64_t (*hash)(std::string_view) noexcept = hash_text;
  std::uint64_t (*clock_ms)() noexcept = steady_ms;
};

struct CacheCounts {
  /// Exact: hits + misses = calls of get() that have ended, and what Reader::count() was told.
  std::uint64_t hits;
  std::uint64_t misses;
  std::uint64_t insertions;
  std::uint64_t evictions;
  /// Insertions of keys that had been evicted shortly before, and were kept more dearly for it.
  std::uint64_t readmissions;
  /// Calls of set() that kept nothing: too large, no memory, or all of it waited for a reader.
  std::uint64_t refusals;
};

/// A bounded cache, safe from every thread. A hit compares the whole key; any byte may stand in a key, and it
/// may be empty. What is kept, and what leaves, is CacheKeeper's matter.
///
/// Progress. get() takes no lock, allocates nothing, and writes to its own thread's words alone, but for the
/// hits of an entry that isn't popular yet. It is lock-free, and wait-free while no writer adds to the chain
/// that it walks: a writer that is suspended wherever it may be keeps nobody from reading. (A thread that has
/// no number, see thread_number.h, has no words of its own and takes the writers' mutex instead; a thread's
/// very first call takes that of the numbers.) set() takes the mutex: writers wait for one another, as long as
/// copying one vector takes, and emptying as many segments as make room, of which no more than a megabyte is
/// moved. They don't wait for readers: while one is suspended in the middle of a get(), what was freed since
/// can't be used, and once that is all there is to use, set() keeps nothing. Sizes and counts are wait-free.
///
/// Memory ordering. Writers are ordered by the mutex. A reader gets to an entry by a link of CacheTable,
/// stored after the entry was made. That an entry's memory isn't used again while a reader is in it: see
/// ReaderEpochs.
class EmbeddingCache {
 public:
  /// Throws std::bad_alloc.
  explicit EmbeddingCache(const CacheOptions& options);

  std::size_t dimensions() const noexcept { return options_.dimensions; }
  std::size_t capacity_bytes() const noexcept { return options_.capacity_bytes; }
  /// At most the capacity; 0 when that is too little to keep anything.
  std::size_t memory_bytes() const noexcept;
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  CacheCounts counts() const noexcept;

  /// One thread's stay in the cache, as short as can be: what is freed meanwhile can't be used before it
  /// ends. A thread has one at a time. get() is this with a copy.
  class Reader {
   public:
    explicit Reader(EmbeddingCache& cache) noexcept;
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// The vector, there as long as the reader is; empty when the key is not there. Counts nothing.
    std::span<const float> find(std::string_view key) noexcept;
    /// Adds to counts(), for look-ups that turned out to be any.
    void count(std::uint64_t hits, std::uint64_t misses) noexcept;

   private:
    EmbeddingCache& cache_;
    ReaderEpochs::Slot* const slot_;
    std::unique_lock<std::mutex> lock_;  // held only for want of a slot
  };

  /// Copies the vector into `out` (`dimensions` floats); false when the key is not there.
  bool get(std::string_view key, std::span<float> out) noexcept;

  /// Keeps a copy, in the place of an older one; false when it keeps nothing, and the older one stays.
  /// vector: `dimensions` floats.
  bool set(std::string_view key, std::span<const float> vector) noexcept;

 private:
  std::uint64_t oldest_ms() const noexcept;

  const CacheOptions options_;
  ReaderEpochs epochs_;
  std::size_t fixed_bytes_ = 0;
  // None when the capacity is too small.
  std::optional<CacheTable> table_;
  std::optional<CacheKeeper> keeper_;  // guarded by mutex_

  std::mutex mutex_;
  // Written under the mutex, read by anybody.
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> insertions_{0};
  std::atomic<std::uint64_t> evictions_{0};
  std::atomic<std::uint64_t> readmissions_{0};
  std::atomic<std::uint64_t> refusals_{0};
  std::atomic<std::uint64_t> slotless_hits_{0};
  std::atomic<std::uint64_t> slotless_misses_{0};
};

}  // namespace cosimo
