#include "search/find_kernel.h"

#include "kernels/search/dispatch.h"
#include "support/arguments.h"

namespace cosimo::bench {

const Kernel& find_kernel(const std::string& name) {
  std::string names;
  for (const Kernel* kernel : available_kernels()) {
    if (name == kernel->name) return *kernel;
    names += (names.empty() ? "" : ", ") + std::string(kernel->name);
  }
  throw UsageError("This machine has no kernel '" + name + "', only: " + names + ".");
}

}  // namespace cosimo::bench
