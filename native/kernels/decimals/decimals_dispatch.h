// Which decimals kernel runs: see kernels/kernel_family.h.
#pragma once

#include "kernels/decimals/decimals_kernel.h"
#include "kernels/kernel_family.h"

namespace cosimo {

/// The kernel of a family that this machine has. AMX uses AVX-512's kernel, NEON the scalar one.
const DecimalsKernel& decimals_kernel_of(KernelFamily family) noexcept;

/// The kernel of active_kernel_family(). Throws UnknownKernel.
const DecimalsKernel& active_decimals_kernel();

}  // namespace cosimo
