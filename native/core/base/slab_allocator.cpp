#include "core/base/slab_allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace cosimo {
namespace {

// The first slabs are small: a small index should reserve few addresses, which may be limited too.
constexpr std::size_t kFirstPieces = 4;
constexpr std::size_t kMaxPieces = 64;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) noexcept {
  return (bytes + unit - 1) / unit * unit;
}

// A slab of `pieces`, or of fewer where the system has not that much to give. Throws std::bad_alloc.
HugeBuffer make_slab(std::size_t pieces, std::size_t piece_bytes) {
  for (; pieces > 1; pieces /= 2) {
    try {
      return HugeBuffer(pieces * piece_bytes);
    } catch (const std::bad_alloc&) {
    }
  }
  return HugeBuffer(piece_bytes);
}

}  // namespace

SlabAllocator::SlabAllocator(std::size_t piece_bytes) noexcept
    : piece_bytes_(rounded_up(piece_bytes, kPieceAlignment)) {}

void* SlabAllocator::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) add_slab();
  void* piece = free_.back();
  free_.pop_back();
  taken_.fetch_add(1, std::memory_order_relaxed);
  return piece;
}

void SlabAllocator::give_back(void* piece) noexcept {
  // The pages go back to the system; if that fails, the piece is as good as before.
#if defined(__linux__)
  ::madvise(piece, piece_bytes_, MADV_DONTNEED);
#else
  ::madvise(piece, piece_bytes_, MADV_FREE);
#endif
  const std::lock_guard lock(mutex_);
  free_.push_back(piece);
  taken_.fetch_sub(1, std::memory_order_relaxed);
}

// Each slab is twice as large as the one before, up to kMaxPieces.
void SlabAllocator::add_slab() {
  const std::size_t wanted = std::min(kMaxPieces, kFirstPieces << std::min<std::size_t>(slabs_.size(), 4));
  slabs_.reserve(slabs_.size() + 1);
  std::size_t total = wanted;
  for (const HugeBuffer& slab : slabs_) total += slab.bytes() / piece_bytes_;
  free_.reserve(total);
  const HugeBuffer& slab = slabs_.emplace_back(make_slab(wanted, piece_bytes_));
  for (std::size_t piece = slab.bytes() / piece_bytes_; piece > 0; --piece)
    free_.push_back(slab.data() + (piece - 1) * piece_bytes_);
}

}  // namespace cosimo
