// The sets of instructions that kernels are written for, and which of them this process uses: the best that
// the machine has, or the one that the environment variable COSIMO_KERNEL names.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>

namespace cosimo {

/// Search and the decimals of JSON have one kernel for each family; the encoder names the family of each of
/// its own kernels.
enum class KernelFamily { amx, avx512, avx2, neon_dotprod, neon, scalar };

constexpr std::size_t kKernelFamilies = 6;

/// As COSIMO_KERNEL has it, such as "neon-dotprod".
const char* kernel_family_name(KernelFamily family) noexcept;

/// COSIMO_KERNEL names a family that this machine or this build does not have; what() lists those it has.
class UnknownKernel : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The families that this machine can run, best first; `scalar` is always the last. Immutable, any thread.
std::span<const KernelFamily> available_kernel_families() noexcept;

/// The family of that name, or the best one when `name` is null or empty. Throws UnknownKernel.
KernelFamily choose_kernel_family(const char* name);

/// The value of COSIMO_KERNEL, null when it is unset or empty. It is read once a process, on the first call;
/// any thread, as long as no other thread changes the environment during that call.
const char* forced_kernel_name();

/// The family of forced_kernel_name(). Throws UnknownKernel.
KernelFamily active_kernel_family();

}  // namespace cosimo
