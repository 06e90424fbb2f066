// The sets of instructions that kernels are written for, and which of them this process uses: the best that
// the machine has, or the one that the environment variable COSIMO_KERNEL names.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>

namespace cosimo {

/// Search has one kernel for each family, the decimals of JSON for some; each encoder kernel states its
/// family.
///
/// A new family touches these places:
///   this enum, in the order of preference, and kKernelFamilies;
///   kernel_family.cpp: the list of those that this machine can run, and the name;
///   cpu_features.h and .cpp: detection;
///   search/search_kernel.h and search_dispatch.cpp: its search kernel;
///   decimals/decimals_dispatch.cpp: its kernel for decimals, its own or another family's;
///   encoder/encoder_dispatch.cpp: its encoder kernels, if it has any;
///   test/native/kernels/kernel_family_test.cpp: the kernel for decimals that is expected.
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

/// The value of COSIMO_KERNEL, null when it is unset or empty. The process reads it once, on the first call.
/// Any thread, as long as no other thread changes the environment during that call.
const char* forced_kernel_name();

/// The family of forced_kernel_name(). Throws UnknownKernel.
KernelFamily active_kernel_family();

}  // namespace cosimo
