// Which family of kernels runs; one name in COSIMO_KERNEL chooses the kernels of search and of decimals.
#include "kernels/kernel_family.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernels/decimals/decimals_dispatch.h"
#include "kernels/search/search_dispatch.h"
#include "support/check.h"

namespace cosimo::test {
namespace {

void test_the_best_family_is_chosen_unless_one_is_named() {
  const auto families = available_kernel_families();
  CHECK(choose_kernel_family(nullptr) == families.front());
  CHECK(choose_kernel_family("") == families.front());
  CHECK(families.back() == KernelFamily::scalar);
  for (const KernelFamily family : families)
    CHECK(choose_kernel_family(kernel_family_name(family)) == family);
}

void test_an_unknown_name_is_refused_with_the_names_there_are() {
  const auto names_the_choices = [](const UnknownKernel& error) {
    return std::strstr(error.what(), "'avx1024'") != nullptr &&
           std::strstr(error.what(), "scalar") != nullptr;
  };
  CHECK(throws<UnknownKernel>([] { choose_kernel_family("avx1024"); }, names_the_choices));
}

void test_each_family_has_its_search_kernel() {
  const auto families = available_kernel_families();
  const auto kernels = available_search_kernels();
  CHECK(kernels.size() == families.size());
  for (std::size_t i = 0; i < std::min(families.size(), kernels.size()); ++i) {
    CHECK(&search_kernel_of(families[i]) == kernels[i]);
    CHECK(std::string_view(kernels[i]->name) == kernel_family_name(families[i]));
  }
}

// AMX uses the decimals kernel of AVX-512, and NEON the scalar one.
void test_each_family_has_a_decimals_kernel() {
  for (const KernelFamily family : available_kernel_families()) {
    std::string_view expected = kernel_family_name(family);
    if (family == KernelFamily::amx) expected = "avx512";
    if (family == KernelFamily::neon || family == KernelFamily::neon_dotprod) expected = "scalar";
    CHECK(decimals_kernel_of(family).name == expected);
  }
}

void test_the_active_family_is_what_the_environment_says() {
  const KernelFamily family = choose_kernel_family(forced_kernel_name());
  CHECK(active_kernel_family() == family);
  CHECK(&active_search_kernel() == &search_kernel_of(family));
  CHECK(&active_decimals_kernel() == &decimals_kernel_of(family));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_the_best_family_is_chosen_unless_one_is_named();
  test_an_unknown_name_is_refused_with_the_names_there_are();
  test_each_family_has_its_search_kernel();
  test_each_family_has_a_decimals_kernel();
  test_the_active_family_is_what_the_environment_says();
  return finish();
}
