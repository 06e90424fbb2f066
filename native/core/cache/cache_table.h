// Key → entry: a hash table that readers search without a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/hash_text.h"
#include "core/cache/cache_entry.h"

namespace cosimo {

/// A chain of entries for each slot. The number of slots is fixed, so that no reader meets a table that is
/// being rebuilt. All accesses of links are seq_cst: the argument in ReaderEpochs needs their order.
class CacheTable {
 public:
  using Link = std::atomic<CacheEntry*>;

  /// `slots`: from 1 to 2^32 − 1. Throws std::bad_alloc.
  explicit CacheTable(std::size_t slots) : slots_(slots), heads_(std::make_unique<Link[]>(slots)) {}

  static constexpr std::size_t bytes_of(std::size_t slots) noexcept { return slots * sizeof(Link); }

  /// For the writer, and for any thread that has entered the epochs. Finds every key that stays in the table,
  /// whatever the writer does to other entries of its chain meanwhile.
  CacheEntry* find(std::string_view key, std::uint64_t hash) const noexcept {
    CacheEntry* entry = head(hash).load();
    while (entry != nullptr && (entry->hash != hash || entry->key() != key)) entry = entry->next.load();
    return entry;
  }

  /// The writer's call, like those below.
  void insert(CacheEntry& entry) noexcept {
    entry.next.store(head(entry.hash).load());
    head(entry.hash).store(&entry);
  }

  /// One store: a reader finds exactly one of the two.
  void replace(const CacheEntry& old_entry, CacheEntry& new_entry) noexcept {
    new_entry.next.store(old_entry.next.load());
    link_to(old_entry).store(&new_entry);
  }

  /// The entry keeps its own link, so that a reader who is at this entry can go on along the chain.
  void remove(const CacheEntry& entry) noexcept { link_to(entry).store(entry.next.load()); }

 private:
  Link& head(std::uint64_t hash) const noexcept { return heads_[slot_of_hash(hash, slots_)]; }

  Link& link_to(const CacheEntry& entry) noexcept {
    Link* link = &head(entry.hash);
    for (CacheEntry* at = link->load(); at != &entry; at = link->load()) link = &at->next;
    return *link;
  }

  const std::size_t slots_;
  const std::unique_ptr<Link[]> heads_;
};

}  // namespace cosimo
