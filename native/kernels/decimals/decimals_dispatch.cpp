#include "kernels/decimals/decimals_dispatch.h"

namespace cosimo {

const DecimalsKernel& decimals_kernel_of(KernelFamily family) noexcept {
  switch (family) {
#if defined(__x86_64__)
    case KernelFamily::amx:
    case KernelFamily::avx512:
      return kAvx512DecimalsKernel;
    case KernelFamily::avx2:
      return kAvx2DecimalsKernel;
#else
    case KernelFamily::amx:
    case KernelFamily::avx512:
    case KernelFamily::avx2:
#endif
    case KernelFamily::neon_dotprod:
    case KernelFamily::neon:
    case KernelFamily::scalar:
      break;
  }
  return kScalarDecimalsKernel;
}

const DecimalsKernel& active_decimals_kernel() { return decimals_kernel_of(active_kernel_family()); }

}  // namespace cosimo
