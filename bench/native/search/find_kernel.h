// Finds a kernel of search by name.
#pragma once

#include <string>

#include "kernels/search/kernel.h"

namespace cosimo::bench {

/// Throws UsageError when this machine has none of that name.
const Kernel& find_kernel(const std::string& name);

}  // namespace cosimo::bench
