// The kernels by name.
#pragma once

#include <string>

#include "kernels/search/kernel.h"

namespace cosimo::bench {

/// Throws UsageError when this machine has none of that name.
const Kernel& kernel_named(const std::string& name);

}  // namespace cosimo::bench
