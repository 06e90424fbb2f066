#include "core/base/huge_buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace cosimo {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

HugeBuffer::HugeBuffer(std::size_t bytes) : bytes_(bytes) {
  // Room to begin on a huge page's boundary: only then are all but the ends of it huge.
  if (bytes > static_cast<std::size_t>(-1) - kHugePage) throw std::bad_alloc();
  mapping_bytes_ = bytes + kHugePage;
  mapping_ = ::mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::bad_alloc();
  const auto start = (reinterpret_cast<std::uintptr_t>(mapping_) + kHugePage - 1) / kHugePage * kHugePage;
  data_ = reinterpret_cast<std::byte*>(start);
#if defined(MADV_HUGEPAGE)
  // The rest behind the last whole huge page stays in small ones: it would be in memory without being used.
  ::madvise(data_, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
}

HugeBuffer::~HugeBuffer() { ::munmap(mapping_, mapping_bytes_); }

}  // namespace cosimo
