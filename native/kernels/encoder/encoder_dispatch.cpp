#include "kernels/encoder/encoder_dispatch.h"

#include <array>
#include <string_view>

#include "kernels/cpu_features.h"
#include "kernels/kernel_family.h"

namespace cosimo {
namespace {

class EncoderKernelList {
 public:
  EncoderKernelList() noexcept {
#if defined(__x86_64__)
    const CpuFeatures features = detect_cpu_features();
    const bool avx512 = features.avx512bw && features.avx512vl && features.avx2_fma;
    const bool avx512_bf16 = avx512 && features.avx512_bf16;
    const bool avx512_vnni = avx512 && features.avx512_vnni;
    const bool amx = avx512_bf16 && features.amx_bf16 && request_tiles();
    // On Sapphire Rapids three products of tiles took half the time of one of AVX-512's registers.
    add(amx, kEncoderFp32Amx);
    add(avx512, kEncoderFp32Avx512);
    add(features.avx2_fma, kEncoderFp32Avx2);
    add(amx, kEncoderBf16Amx);
    add(avx512_bf16, kEncoderBf16Avx512);
    add(amx && features.amx_int8, kEncoderInt8Amx);
    add(avx512_bf16 && avx512_vnni, kEncoderInt8Avx512Bf16);
    add(avx512_vnni, kEncoderInt8Avx512);
    add(features.avx2_fma && features.avx_vnni, kEncoderInt8AvxVnni);
#elif defined(__aarch64__)
    const CpuFeatures features = detect_cpu_features();
    add(true, kEncoderFp32Neon);
    add(features.neon_bf16, kEncoderBf16Neon);
    add(features.neon_bf16 && features.neon_i8mm, kEncoderInt8Neon);
#endif
    add(true, kEncoderFp32Scalar);
  }

  std::span<const EncoderKernel* const> view() const noexcept { return {kernels_.data(), count_}; }

 private:
  void add(bool runs_here, const EncoderKernel& kernel) noexcept {
    if (runs_here) kernels_[count_++] = &kernel;
  }

  std::array<const EncoderKernel*, 16> kernels_{};
  std::size_t count_ = 0;
};

// A family's position in available_kernel_families(); their number if this machine lacks the family.
std::size_t rank_of(std::string_view family) noexcept {
  const auto families = available_kernel_families();
  std::size_t rank = 0;
  while (rank < families.size() && family != kernel_family_name(families[rank])) ++rank;
  return rank;
}

}  // namespace

std::span<const EncoderKernel* const> available_encoder_kernels() noexcept {
  static const EncoderKernelList list;
  return list.view();
}

bool are_tiles_refused() noexcept {
  const CpuFeatures features = detect_cpu_features();
  return features.amx_unsaved || (features.amx_bf16 && !request_tiles());
}

const char* encoder_precision_name(EncoderPrecision precision) noexcept {
  switch (precision) {
    case EncoderPrecision::fp32:
      return "fp32";
    case EncoderPrecision::bf16:
      return "bf16";
    case EncoderPrecision::int8:
      return "int8";
  }
  return "unknown";
}

const EncoderKernel* choose_encoder_kernel(EncoderPrecision precision, const char* forced_family) noexcept {
  const std::string_view forced = forced_family == nullptr ? "" : forced_family;
  const EncoderKernel* later = nullptr;  // the best kernel of the families after the forced one
  for (const EncoderKernel* kernel : available_encoder_kernels()) {
    if (kernel->precision != precision) continue;
    if (forced.empty() || forced == kernel->family) return kernel;
    const std::size_t rank = rank_of(kernel->family);
    const bool has_family = rank < available_kernel_families().size();
    if (later == nullptr && has_family && rank > rank_of(forced)) later = kernel;
  }
  return later;
}

}  // namespace cosimo
