#include "core/cache/eviction_policy.h"

#include <algorithm>

namespace cosimo {
namespace {

constexpr std::size_t kSmallShare = 10;  // the small queue gets a tenth of the cache
// A segment is at most 1/64 of the cache, since it is emptied at once. It holds at most about 160 entries of
// 384 floats, to bound the time. If it is too small to share, each entry gets its own.
constexpr std::size_t kSegmentsAtLeast = 64;
constexpr std::size_t kLargestSegment = std::size_t{256} << 10;
// One call moves no more than this. When more entries than that were hit, some of them are evicted too.
constexpr std::size_t kMaxMoved = 4 * kLargestSegment;
// What reinserting an entry with its own segment takes of the budget. It is not copied, whatever its size.
constexpr std::size_t kReinsertCost = 1024;

std::size_t standard_segment(std::size_t budget_bytes) noexcept {
  constexpr std::size_t kUnit = SlabAllocator::kPieceAlignment;
  return std::min(budget_bytes / kSegmentsAtLeast / kUnit * kUnit, kLargestSegment);
}

std::uint8_t hits_for_next_round(const CacheEntry& entry) noexcept {
  const std::uint8_t hits = entry.hits.load(std::memory_order_relaxed);
  return entry.in_main ? static_cast<std::uint8_t>(hits - 1) : 0;
}

}  // namespace

EvictionPolicy::EvictionPolicy(std::size_t dimensions, std::size_t budget_bytes, std::size_t ghost_sets,
                               CacheTable& table, ReaderEpochs& epochs)
    : dimensions_(dimensions),
      table_(table),
      segments_(budget_bytes, standard_segment(budget_bytes), epochs),
      ghosts_(ghost_sets) {}

EvictionPolicy::~EvictionPolicy() {
  for (SegmentQueue* queue : {&small_, &main_}) {
    while (!queue->empty()) segments_.retire(queue->pop());
  }
}

bool EvictionPolicy::insert(std::string_view key, std::uint64_t hash, std::span<const float> vector,
                            std::uint64_t now_ms, std::uint64_t oldest_ms) noexcept {
  const std::size_t bytes = CacheEntry::size_of(key.size(), vector.size());
  if (!segments_.can_ever_hold(bytes)) return false;
  move_budget_ = kMaxMoved;
  oldest_ms_ = oldest_ms;
  const CacheEntry* present = table_.find(key, hash);
  const bool came_back = present == nullptr && ghosts_.take(hash, main_size_);
  const bool to_main = came_back || (present != nullptr && present->in_main);
  void* memory = place(bytes, to_main ? main_ : small_);
  if (memory == nullptr) return false;
  CacheEntry& entry = *CacheEntry::create(memory, key, hash, vector, now_ms);
  entry.in_main = to_main;
  main_size_ += to_main ? 1 : 0;
  if (CacheEntry* old_entry = table_.find(key, hash)) {  // place() may have moved or evicted `present`
    entry.hits.store(old_entry->hits.load(std::memory_order_relaxed), std::memory_order_relaxed);
    table_.replace(*old_entry, entry);
    old_entry->live = false;
    main_size_ -= old_entry->in_main ? 1 : 0;
  } else {
    table_.insert(entry);
    ++size_;
    ++counts_.insertions;
    counts_.readmissions += came_back ? 1 : 0;
  }
  return true;
}

void* EvictionPolicy::place(std::size_t bytes, SegmentQueue& queue) noexcept {
  for (;;) {
    CacheSegment* open = queue.newest();
    if (open != nullptr && open->room() >= bytes) return open->append(bytes);
    if (CacheSegment* segment = segments_.take(bytes, SegmentPool::Purpose::fill)) {
      queue.push(segment);
      void* memory = segment->append(bytes);  // before evict_segment() moves entries into it
      // Evict one segment ahead, so that its readers have left when it is needed.
      if (!segments_.has_next(bytes)) evict_segment(segment);
      return memory;
    }
    // If a segment waits for its readers, evicting another would not help.
    if (segments_.has_next(bytes) || !evict_segment(nullptr)) return nullptr;
  }
}

// Evicts the oldest segment of the queue whose turn it is. False when that is `spared`.
bool EvictionPolicy::evict_segment(const CacheSegment* spared) noexcept {
  const bool small_is_due = small_.bytes() >= (small_.bytes() + main_.bytes()) / kSmallShare;
  SegmentQueue& queue = main_.empty() || (small_is_due && !small_.empty()) ? small_ : main_;
  if (queue.oldest() == spared) return false;
  CacheSegment* segment = queue.pop();
  if (!segment->is_shared && reinsert(*segment)) return true;
  evict_entries(*segment);
  segments_.retire(segment);
  return true;
}

// Queues the only entry of a segment again, with its segment. False if the entry is to be evicted.
bool EvictionPolicy::reinsert(CacheSegment& segment) noexcept {
  CacheEntry& entry = *CacheEntry::at(segment.begin());
  if (!entry.live || !is_worth_keeping(entry, kReinsertCost)) return false;
  entry.hits.store(hits_for_next_round(entry), std::memory_order_relaxed);
  main_size_ += entry.in_main ? 0 : 1;
  entry.in_main = true;
  main_.push(&segment);
  move_budget_ -= kReinsertCost;
  return true;
}

void EvictionPolicy::evict_entries(CacheSegment& segment) noexcept {
  for (std::byte* at = segment.begin(); at != segment.end();) {
    CacheEntry& entry = *CacheEntry::at(at);
    at += entry.size();
    if (entry.live && !(is_worth_keeping(entry, entry.size()) && move_to_main(entry))) drop(entry);
  }
}

// `cost`: what keeping the entry would take of move_budget_.
bool EvictionPolicy::is_worth_keeping(const CacheEntry& entry, std::size_t cost) const noexcept {
  return entry.hits.load(std::memory_order_relaxed) > 0 && entry.written_ms >= oldest_ms_ &&
         cost <= move_budget_;
}

// Copies an entry to the end of the main queue. False when there is no room.
bool EvictionPolicy::move_to_main(CacheEntry& entry) noexcept {
  CacheSegment* open = main_.newest();
  if (open == nullptr || open->room() < entry.size()) {
    open = segments_.take(entry.size(), SegmentPool::Purpose::move);
    if (open == nullptr) return false;
    main_.push(open);
  }
  CacheEntry& moved = *CacheEntry::create(open->append(entry.size()), entry.key(), entry.hash,
                                          entry.vector(dimensions_), entry.written_ms);
  moved.hits.store(hits_for_next_round(entry), std::memory_order_relaxed);
  moved.in_main = true;
  main_size_ += entry.in_main ? 0 : 1;
  table_.replace(entry, moved);
  move_budget_ -= entry.size();
  return true;
}

void EvictionPolicy::drop(CacheEntry& entry) noexcept {
  table_.remove(entry);
  --size_;
  ++counts_.evictions;
  if (entry.in_main) {
    --main_size_;
  } else {
    ghosts_.add(entry.hash);
  }
}

}  // namespace cosimo
