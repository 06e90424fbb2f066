// A large piece of memory that the system may back with huge pages. Whoever reads it from end to end, again
// and again, waits less for the page table than with pages of 4 KiB.
#pragma once

#include <cstddef>

namespace cosimo {

/// Owns its memory; can be moved, not copied.
class HugeBuffer {
 public:
  /// `bytes` zeros, starting on the boundary of a huge page (2 MiB). No page takes memory before it is
  /// written. Throws std::bad_alloc.
  explicit HugeBuffer(std::size_t bytes);
  ~HugeBuffer();
  HugeBuffer(HugeBuffer&& other) noexcept;
  HugeBuffer& operator=(HugeBuffer&&) = delete;

  std::byte* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::size_t bytes_;
  void* mapping_;  // null once moved from
  std::size_t mapping_bytes_;
  std::byte* data_;
};

}  // namespace cosimo
