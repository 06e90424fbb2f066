// Which kernel runs: detected once, best first, or forced by the environment variable COSIMO_KERNEL.
#pragma once

#include <span>
#include <stdexcept>

#include "kernels/search/kernel.h"

namespace cosimo {

/// COSIMO_KERNEL names a kernel that this machine or this build does not have; what() says which there are.
class UnknownKernel : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The kernels that this machine can run, best first; never empty. Process-wide and immutable.
std::span<const Kernel* const> available_kernels() noexcept;

/// The kernel named, or the best one when `name` is null or empty.
/// Throws UnknownKernel when there is none of that name.
const Kernel& choose_kernel(const char* name);

/// What COSIMO_KERNEL says, null where it says nothing; read when a process first gets here. Process-wide;
/// safe from every thread, but a program that changes its environment on another thread meanwhile breaks
/// getenv, here as anywhere.
const char* forced_kernel_name();

/// choose_kernel of forced_kernel_name().
const Kernel& active_kernel();

}  // namespace cosimo
