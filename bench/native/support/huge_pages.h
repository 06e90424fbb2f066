// Memory with few page-table entries, so that a scan of it measures memory rather than address translation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace cosimo::bench {

/// Uninitialized and always fresh memory: the system gives each page at its first touch. It lies on huge pages
/// if Linux grants them, else on ordinary ones. Throws std::bad_alloc.
#if defined(__linux__)
class HugePages {
 public:
  explicit HugePages(std::size_t bytes) : mapped_(bytes + kPage), mapping_(map(mapped_)) {
    const auto start = (reinterpret_cast<std::uintptr_t>(mapping_) + kPage - 1) / kPage * kPage;
    memory_ = reinterpret_cast<std::byte*>(start);
    // Called before the first touch, when pages are chosen. It is advice: refusal changes nothing.
    static_cast<void>(madvise(memory_, bytes, MADV_HUGEPAGE));
  }
  ~HugePages() { munmap(mapping_, mapped_); }
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;

  std::byte* get() const noexcept { return memory_; }

 private:
  static constexpr std::size_t kPage = 2U << 20U;

  static void* map(std::size_t bytes) {
    void* mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) throw std::bad_alloc();
    return mapping;
  }

  const std::size_t mapped_;
  void* const mapping_;
  std::byte* memory_;
};
#else
class HugePages {
 public:
  explicit HugePages(std::size_t bytes)
      : memory_(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kPage}))) {}
  ~HugePages() { ::operator delete (memory_, std::align_val_t{kPage}); }
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;

  std::byte* get() const noexcept { return memory_; }

 private:
  static constexpr std::size_t kPage = 2U << 20U;

  std::byte* const memory_;
};
#endif

}  // namespace cosimo::bench
