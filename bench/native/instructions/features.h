// Kernels, features and instructions that this machine has.
#pragma once

#include <string>

namespace cosimo::bench {

/// A line of JSON: kernels, the active one, features of the CPU that the OS enables, measurable instructions.
/// Throws UnknownKernel when COSIMO_KERNEL is none of the kernels.
std::string describe_features();

}  // namespace cosimo::bench
