#include "kernel_named.h"

#include "arguments.h"
#include "kernels/search/dispatch.h"

namespace cosimo::bench {

const Kernel& kernel_named(const std::string& name) {
  std::string names;
  for (const Kernel* kernel : available_kernels()) {
    if (name == kernel->name) return *kernel;
    names += (names.empty() ? "" : ", ") + std::string(kernel->name);
  }
  throw UsageError("This machine has no kernel '" + name + "', only: " + names + ".");
}

}  // namespace cosimo::bench
