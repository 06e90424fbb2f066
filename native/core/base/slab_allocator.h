// Pieces of memory of one size, cut from large mappings that the system may back with huge pages: a scan
// reads the codes of all chunks in order, and with 4 KiB pages it waits for the page table too often.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace cosimo {

/// Safe from every thread. Pieces are aligned to kPieceAlignment; their content is undefined. A piece given
/// back costs no memory, but its addresses stay taken until the allocator ends.
class SlabAllocator {
 public:
  static constexpr std::size_t kPieceAlignment = 4096;

  explicit SlabAllocator(std::size_t piece_bytes) noexcept;
  ~SlabAllocator();
  SlabAllocator(const SlabAllocator&) = delete;
  SlabAllocator& operator=(const SlabAllocator&) = delete;

  /// Throws std::bad_alloc.
  void* take();
  void give_back(void* piece) noexcept;

  std::size_t piece_bytes() const noexcept { return piece_bytes_; }
  /// Pieces that are taken.
  std::size_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

 private:
  struct Slab {
    void* address;
    std::size_t bytes;
  };

  void add_slab();

  const std::size_t piece_bytes_;
  std::atomic<std::size_t> taken_{0};
  std::mutex mutex_;
  std::vector<Slab> slabs_;
  std::vector<void*> free_;  // room for every piece, so that giving back can't fail
};

}  // namespace cosimo
