// One large piece of memory that the system may back with huge pages: weights are read from end to end again
// and again, and with 4 KiB pages the walk through the page table is felt.
#pragma once

#include <cstddef>

namespace cosimo {

class HugeBuffer {
 public:
  /// Zeros. Throws std::bad_alloc.
  explicit HugeBuffer(std::size_t bytes);
  ~HugeBuffer();
  HugeBuffer(const HugeBuffer&) = delete;
  HugeBuffer& operator=(const HugeBuffer&) = delete;

  std::byte* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::size_t bytes_;
  void* mapping_;
  std::size_t mapping_bytes_;
  std::byte* data_;
};

}  // namespace cosimo
