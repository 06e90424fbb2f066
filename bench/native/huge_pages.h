// Memory with few page-table entries, so that a scan of it measures memory rather than address translation.
#pragma once

#include <cstddef>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace cosimo::bench {

/// Uninitialised; on huge pages where Linux is willing, on ordinary ones elsewhere. Throws std::bad_alloc.
class HugePages {
 public:
  explicit HugePages(std::size_t bytes)
      : memory_(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kPage}))) {
#if defined(__linux__)
    // Before the first touch, which is when pages are chosen. It is advice: refusal changes nothing.
    static_cast<void>(madvise(memory_, bytes, MADV_HUGEPAGE));
#endif
  }
  ~HugePages() { ::operator delete (memory_, std::align_val_t{kPage}); }
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;

  std::byte* get() const noexcept { return memory_; }

 private:
  static constexpr std::size_t kPage = 2U << 20U;

  std::byte* const memory_;
};

}  // namespace cosimo::bench
