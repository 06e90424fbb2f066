#include "core/cache/segment_pool.h"

#include <sys/mman.h>

#include <new>

namespace cosimo {
namespace {

// Entries share a segment if at least this many of their size fit into one: then little is wasted at its end.
constexpr std::size_t kEntriesPerSegment = 8;
// Emptying one segment fills at most two others: the first entry may not fit into the open one.
constexpr std::size_t kReservedSegments = 2;
// How often to look whether readers have left. They stay less than a microsecond, unless their thread loses
// its core.
constexpr int kLooksAtReaders = 64;

// A segment for one entry of this size or more is mapped from the system and goes back there. Taken from the
// allocator, segments of all sizes would fragment its memory.
constexpr std::size_t kMappedBytes = std::size_t{32} << 10;
constexpr std::size_t kPage = 4096;

bool is_mapped(std::size_t cost) noexcept { return cost >= kMappedBytes; }

void* map(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

}  // namespace

void SegmentQueue::push(CacheSegment* segment) noexcept {
  segment->newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = segment;
  newest_ = segment;
  bytes_ += segment->bytes;
}

CacheSegment* SegmentQueue::pop() noexcept {
  CacheSegment* segment = oldest_;
  oldest_ = segment->newer;
  if (oldest_ == nullptr) newest_ = nullptr;
  bytes_ -= segment->bytes;
  return segment;
}

SegmentPool::SegmentPool(std::size_t budget_bytes, std::size_t standard_bytes, ReaderEpochs& epochs) noexcept
    : budget_(budget_bytes), standard_(standard_bytes), epochs_(epochs), slabs_(standard_bytes) {}

SegmentPool::~SegmentPool() {
  while (!waiting_.empty()) unmake(waiting_.pop());
  while (!free_.empty()) unmake(free_.pop());
}

CacheSegment* SegmentPool::take(std::size_t entry_bytes, Purpose purpose) noexcept {
  const bool shared = shares(entry_bytes);
  const std::size_t bytes = cost(entry_bytes);
  const std::size_t wanted = bytes + reserve(shared, purpose);
  for (int looks = 0; free_bytes() < wanted; ++looks) {
    if (looks == kLooksAtReaders || waiting_.empty()) return nullptr;
    reclaim();
  }
  if (shared && !free_.empty()) {
    CacheSegment* segment = free_.pop();
    segment->used = sizeof(CacheSegment);
    return segment;
  }
  while (budget_ - held_bytes() < bytes) unmake(free_.pop());
  return make(shared ? standard_ : sizeof(CacheSegment) + entry_bytes, shared, bytes);
}

void SegmentPool::retire(CacheSegment* segment) noexcept {
  segment->retired_epoch = epochs_.retire();
  waiting_.push(segment);
}

bool SegmentPool::can_ever_hold(std::size_t entry_bytes) const noexcept {
  return cost(entry_bytes) + reserve(shares(entry_bytes), Purpose::fill) <= budget_;
}

bool SegmentPool::has_next(std::size_t entry_bytes) const noexcept {
  const std::size_t wanted = cost(entry_bytes) + reserve(shares(entry_bytes), Purpose::fill);
  return free_bytes() + waiting_.bytes() >= wanted;
}

bool SegmentPool::shares(std::size_t entry_bytes) const noexcept {
  return entry_bytes * kEntriesPerSegment + sizeof(CacheSegment) <= standard_;
}

// What a segment for an entry of this size costs the budget, with the allocator's or the system's overhead.
std::size_t SegmentPool::cost(std::size_t entry_bytes) const noexcept {
  if (shares(entry_bytes)) return standard_;
  const std::size_t bytes = (sizeof(CacheSegment) + entry_bytes + 15) / 16 * 16 + 16;
  return bytes < kMappedBytes ? bytes : (bytes + kPage - 1) / kPage * kPage;
}

// Only shared segments need the reserve: an entry with its own segment is reinserted without a copy.
std::size_t SegmentPool::reserve(bool shared, Purpose purpose) const noexcept {
  return purpose == Purpose::fill && (shared || any_shared_) ? kReservedSegments * standard_ : 0;
}

std::size_t SegmentPool::free_bytes() const noexcept { return budget_ - held_bytes() + free_.bytes(); }

// Frees the retired segments that no reader can be in any more.
void SegmentPool::reclaim() noexcept {
  while (!waiting_.empty() && epochs_.is_past(waiting_.oldest()->retired_epoch)) {
    CacheSegment* segment = waiting_.pop();
    if (segment->is_shared) {
      free_.push(segment);
    } else {
      unmake(segment);
    }
  }
}

CacheSegment* SegmentPool::make(std::size_t bytes, bool shared, std::size_t cost) noexcept {
  void* memory = nullptr;
  try {
    memory = shared ? slabs_.take() : is_mapped(cost) ? map(cost) : ::operator new(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  held_.fetch_add(cost, std::memory_order_relaxed);
  any_shared_ = any_shared_ || shared;
  auto* segment = new (memory) CacheSegment;
  segment->bytes = cost;
  segment->is_shared = shared;
  return segment;
}

void SegmentPool::unmake(CacheSegment* segment) noexcept {
  held_.fetch_sub(segment->bytes, std::memory_order_relaxed);
  if (segment->is_shared) {
    slabs_.give_back(segment);
  } else if (is_mapped(segment->bytes)) {
    ::munmap(segment, segment->bytes);
  } else {
    ::operator delete(segment);
  }
}

}  // namespace cosimo
