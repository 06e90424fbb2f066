#include "search/find_kernel.h"

#include "kernels/search/search_dispatch.h"
#include "support/arguments.h"

namespace cosimo::bench {

const SearchKernel& find_kernel(const std::string& name) {
  std::string names;
  for (const SearchKernel* kernel : available_search_kernels()) {
    if (name == kernel->name) return *kernel;
    names += (names.empty() ? "" : ", ") + std::string(kernel->name);
  }
  throw UsageError("This machine has no kernel '" + name + "', only: " + names + ".");
}

}  // namespace cosimo::bench
