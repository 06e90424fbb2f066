#include "kernels/search/search_dispatch.h"

#include <array>
#include <cstddef>

namespace cosimo {

const SearchKernel& search_kernel_of(KernelFamily family) noexcept {
  switch (family) {
#if defined(__x86_64__)
    case KernelFamily::amx:
      return kAmxSearchKernel;
    case KernelFamily::avx512:
      return kAvx512SearchKernel;
    case KernelFamily::avx2:
      return kAvx2SearchKernel;
#elif defined(__aarch64__)
    case KernelFamily::neon_dotprod:
      return kNeonDotprodSearchKernel;
    case KernelFamily::neon:
      return kNeonSearchKernel;
#endif
      // Families of other architectures are never available.
#if !defined(__x86_64__)
    case KernelFamily::amx:
    case KernelFamily::avx512:
    case KernelFamily::avx2:
#endif
#if !defined(__aarch64__)
    case KernelFamily::neon_dotprod:
    case KernelFamily::neon:
#endif
    case KernelFamily::scalar:
      break;
  }
  return kScalarSearchKernel;
}

std::span<const SearchKernel* const> available_search_kernels() noexcept {
  static const auto kernels = [] {
    std::array<const SearchKernel*, kKernelFamilies> all{};
    std::size_t count = 0;
    for (const KernelFamily family : available_kernel_families()) all[count++] = &search_kernel_of(family);
    return all;
  }();
  return {kernels.data(), available_kernel_families().size()};
}

const SearchKernel& active_search_kernel() { return search_kernel_of(active_kernel_family()); }

}  // namespace cosimo
