// The search kernels that tests run: all that this machine has, and, where AVX-512 runs, AMX with emulated
// tiles.
#pragma once

#include <algorithm>
#include <cstdio>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/search/search_dispatch.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"

namespace cosimo {

#if defined(__x86_64__)
extern const SearchKernel kEmulatedAmxSearchKernel;  // see emulated_tiles.h
#endif

namespace test {

inline bool is_available(std::string_view name) {
  const auto kernels = available_search_kernels();
  return std::any_of(kernels.begin(), kernels.end(),
                     [name](const SearchKernel* kernel) { return kernel->name == name; });
}

/// Calls `body` with each kernel and prints its name.
template <typename Body>
void for_each_tested_kernel(Body&& body) {
  for (const SearchKernel* kernel : available_search_kernels()) {
    std::printf("kernel %s\n", kernel->name);
    body(*kernel);
  }
#if defined(__x86_64__)
  if (!is_available("avx512")) return;
  std::printf("kernel %s, its tiles emulated\n", kEmulatedAmxSearchKernel.name);
  body(kEmulatedAmxSearchKernel);
#endif
}

/// The main of a program whose rules every kernel keeps: each of `tests` tests one kernel.
template <typename... Tests>
int test_each_search_kernel(const Tests&... tests) {
  random_bits = seeded_random();
  for_each_tested_kernel([&](const SearchKernel& kernel) { (tests(kernel), ...); });
  return finish();
}

}  // namespace test
}  // namespace cosimo
