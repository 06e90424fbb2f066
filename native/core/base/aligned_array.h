// Arrays that start on a cache line, as kernels need them.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace cosimo {

constexpr std::size_t kCacheLineBytes = 64;

/// `bytes` rounded up to whole cache lines.
constexpr std::size_t whole_cache_lines(std::size_t bytes) noexcept {
  return (bytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
}

struct AlignedDelete {
  void operator()(void* memory) const noexcept {
    ::operator delete (memory, std::align_val_t{kCacheLineBytes});
  }
};

template <typename T>
using AlignedArray = std::unique_ptr<T[], AlignedDelete>;

/// `count` uninitialized values of a trivial type. Throws std::bad_alloc.
template <typename T>
AlignedArray<T> make_aligned_array(std::size_t count) {
  if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
  return AlignedArray<T>(
      static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kCacheLineBytes})));
}

}  // namespace cosimo
