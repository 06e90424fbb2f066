// Memory that starts on a cache line, as the kernels want it.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "kernels/search/kernel.h"

namespace cosimo {

struct AlignedDelete {
  void operator()(void* memory) const noexcept {
    ::operator delete (memory, std::align_val_t{kRowAlignment});
  }
};

template <typename T>
using AlignedArray = std::unique_ptr<T[], AlignedDelete>;

/// `count` uninitialized values of a trivial type. Throws std::bad_alloc.
template <typename T>
AlignedArray<T> make_aligned_array(std::size_t count) {
  if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
  return AlignedArray<T>(
      static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kRowAlignment})));
}

/// Floats from one row to the next: `dimensions` rounded up to whole cache lines.
constexpr std::size_t padded_stride(std::size_t dimensions) noexcept {
  return (dimensions + kLanes - 1) / kLanes * kLanes;
}

}  // namespace cosimo
