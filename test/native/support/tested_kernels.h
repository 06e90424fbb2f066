// The kernels that tests of codes run: all that this machine has, and AMX with its tiles emulated wherever
// AVX-512 runs.
#pragma once

#include <algorithm>
#include <cstdio>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/search/dispatch.h"

namespace cosimo {

#if defined(__x86_64__)
extern const Kernel kEmulatedAmxKernel;  // see emulated_tiles.h
#endif

namespace test {

inline bool is_available(std::string_view name) {
  const auto kernels = available_kernels();
  return std::any_of(kernels.begin(), kernels.end(),
                     [name](const Kernel* kernel) { return kernel->name == name; });
}

/// Calls `body` with each kernel, and says which.
template <typename Body>
void for_each_tested_kernel(Body&& body) {
  for (const Kernel* kernel : available_kernels()) {
    std::printf("kernel %s\n", kernel->name);
    body(*kernel);
  }
#if defined(__x86_64__)
  if (!is_available("avx512")) return;
  std::printf("kernel %s, its tiles emulated\n", kEmulatedAmxKernel.name);
  body(kEmulatedAmxKernel);
#endif
}

}  // namespace test
}  // namespace cosimo
