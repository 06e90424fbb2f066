// Finds a kernel of search by name.
#pragma once

#include <string>

#include "kernels/search/search_kernel.h"

namespace cosimo::bench {

/// Throws UsageError when this machine has none of that name.
const SearchKernel& find_kernel(const std::string& name);

}  // namespace cosimo::bench
