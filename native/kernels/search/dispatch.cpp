#include "kernels/search/dispatch.h"

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/cpu_features.h"

namespace cosimo {
namespace {

class KernelList {
 public:
  KernelList() noexcept {
#if defined(__x86_64__)
    const CpuFeatures features = detect_cpu_features();
    const bool avx512 = features.avx512bw && features.avx512_vnni;
    if (avx512 && features.amx_int8 && request_tiles()) kernels_[count_++] = &kAmxKernel;
    if (avx512) kernels_[count_++] = &kAvx512Kernel;
    if (features.avx2_fma) kernels_[count_++] = &kAvx2Kernel;
#elif defined(__aarch64__)
    if (detect_cpu_features().dot_product) kernels_[count_++] = &kNeonDotprodKernel;
    kernels_[count_++] = &kNeonKernel;
#endif
    kernels_[count_++] = &kScalarKernel;
  }

  std::span<const Kernel* const> view() const noexcept { return {kernels_.data(), count_}; }

 private:
  std::array<const Kernel*, 8> kernels_{};
  std::size_t count_ = 0;
};

}  // namespace

std::span<const Kernel* const> available_kernels() noexcept {
  static const KernelList list;
  return list.view();
}

const Kernel& choose_kernel(const char* name) {
  const std::string_view wanted = name == nullptr ? "" : name;
  if (wanted.empty()) return *available_kernels().front();
  std::string names;
  for (const Kernel* kernel : available_kernels()) {
    if (wanted == kernel->name) return *kernel;
    names += names.empty() ? "" : ", ";
    names += kernel->name;
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

const Kernel& active_kernel() {
  static const Kernel& kernel = choose_kernel(forced_kernel_name());
  return kernel;
}

}  // namespace cosimo
