// Which search kernel runs: see kernels/kernel_family.h.
#pragma once

#include <span>

#include "kernels/kernel_family.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// The search kernel of a family that this machine has.
const SearchKernel& search_kernel_of(KernelFamily family) noexcept;

/// The kernels that this machine can run, best first; never empty. Immutable.
std::span<const SearchKernel* const> available_search_kernels() noexcept;

/// The kernel of active_kernel_family(). Throws UnknownKernel.
const SearchKernel& active_search_kernel();

}  // namespace cosimo
