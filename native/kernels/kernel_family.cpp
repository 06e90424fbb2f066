#include "kernels/kernel_family.h"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/cpu_features.h"

namespace cosimo {
namespace {

class FamilyList {
 public:
  FamilyList() noexcept {
#if defined(__x86_64__)
    const CpuFeatures features = detect_cpu_features();
    const bool avx512 = features.avx512bw && features.avx512_vnni;
    if (avx512 && features.amx_int8 && request_tiles()) add(KernelFamily::amx);
    if (avx512) add(KernelFamily::avx512);
    if (features.avx2_fma) add(KernelFamily::avx2);
#elif defined(__aarch64__)
    if (detect_cpu_features().dot_product) add(KernelFamily::neon_dotprod);
    add(KernelFamily::neon);
#endif
    add(KernelFamily::scalar);
  }

  std::span<const KernelFamily> view() const noexcept { return {families_.data(), count_}; }

 private:
  void add(KernelFamily family) noexcept { families_[count_++] = family; }

  std::array<KernelFamily, kKernelFamilies> families_{};
  std::size_t count_ = 0;
};

}  // namespace

const char* kernel_family_name(KernelFamily family) noexcept {
  switch (family) {
    case KernelFamily::amx:
      return "amx";
    case KernelFamily::avx512:
      return "avx512";
    case KernelFamily::avx2:
      return "avx2";
    case KernelFamily::neon_dotprod:
      return "neon-dotprod";
    case KernelFamily::neon:
      return "neon";
    case KernelFamily::scalar:
      return "scalar";
  }
  return "unknown";
}

std::span<const KernelFamily> available_kernel_families() noexcept {
  static const FamilyList list;
  return list.view();
}

KernelFamily choose_kernel_family(const char* name) {
  const std::string_view wanted = name == nullptr ? "" : name;
  if (wanted.empty()) return available_kernel_families().front();
  std::string names;
  for (const KernelFamily family : available_kernel_families()) {
    if (wanted == kernel_family_name(family)) return family;
    names += names.empty() ? "" : ", ";
    names += kernel_family_name(family);
  }
  throw UnknownKernel("COSIMO_KERNEL is '" + std::string(wanted) + "', but this machine can run: " + names);
}

const char* forced_kernel_name() {
  // A copy: the environment may change later.
  static const std::string name = [] {
    const char* given = std::getenv("COSIMO_KERNEL");
    return std::string(given == nullptr ? "" : given);
  }();
  return name.empty() ? nullptr : name.c_str();
}

KernelFamily active_kernel_family() {
  static const KernelFamily family = choose_kernel_family(forced_kernel_name());
  return family;
}

}  // namespace cosimo
