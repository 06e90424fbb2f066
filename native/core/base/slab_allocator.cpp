#include "core/base/slab_allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace cosimo {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
// The first slab is small for small indexes' sake: nothing of it is in memory before it is written, but
// address space may be limited too.
constexpr std::size_t kFirstPieces = 4;
constexpr std::size_t kMostPieces = 64;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) noexcept {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

SlabAllocator::SlabAllocator(std::size_t piece_bytes) noexcept
    : piece_bytes_(rounded_up(piece_bytes, kPieceAlignment)) {}

SlabAllocator::~SlabAllocator() {
  for (const Slab& slab : slabs_) ::munmap(slab.address, slab.bytes);
}

void* SlabAllocator::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) add_slab();
  void* piece = free_.back();
  free_.pop_back();
  taken_.fetch_add(1, std::memory_order_relaxed);
  return piece;
}

void SlabAllocator::give_back(void* piece) noexcept {
#if defined(__linux__)
  ::madvise(piece, piece_bytes_, MADV_DONTNEED);  // gives the pages back at once; nothing is lost if it fails
#else
  ::madvise(piece, piece_bytes_, MADV_FREE);
#endif
  const std::lock_guard lock(mutex_);
  free_.push_back(piece);
  taken_.fetch_sub(1, std::memory_order_relaxed);
}

void SlabAllocator::add_slab() {
  std::size_t pieces = std::min(kMostPieces, kFirstPieces << std::min<std::size_t>(slabs_.size(), 4));
  slabs_.reserve(slabs_.size() + 1);
  std::size_t total = pieces;
  for (const Slab& slab : slabs_) total += slab.bytes / piece_bytes_;
  free_.reserve(total);
  std::size_t bytes = 0;
  void* address = MAP_FAILED;
  for (;; pieces /= 2) {  // the system may have less to give
    if (pieces == 0) throw std::bad_alloc();
    // Room to begin on a huge page's boundary: only then are all but the ends of it huge.
    bytes = pieces * piece_bytes_ + kHugePage;
    address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address != MAP_FAILED) break;
  }
  slabs_.push_back({address, bytes});
  const auto start = rounded_up(reinterpret_cast<std::uintptr_t>(address), kHugePage);
  auto* first = reinterpret_cast<std::byte*>(start);
#if defined(MADV_HUGEPAGE)
  // The rest behind the last whole huge page stays in small ones: it would be in memory without being used.
  ::madvise(first, pieces * piece_bytes_ / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  for (std::size_t piece = pieces; piece > 0; --piece) free_.push_back(first + (piece - 1) * piece_bytes_);
}

}  // namespace cosimo
