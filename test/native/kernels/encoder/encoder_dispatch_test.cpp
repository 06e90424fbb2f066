// Which encoder kernel is chosen for a precision and a family.
#include "kernels/cpu_features.h"
#include "kernels/kernel_family.h"
#include "support/check.h"
#include "support/encoder/encoder_kernels.h"

namespace cosimo::test {
namespace {

bool chooses(EncoderPrecision precision, const char* family, const EncoderKernel* expected) {
  const EncoderKernel* chosen = choose_encoder_kernel(precision, family);
  if (chosen == expected) return true;
  std::printf("  %s: %s instead of %s\n", family == nullptr ? "nothing forced" : family,
              chosen == nullptr ? "none" : chosen->name, expected == nullptr ? "none" : expected->name);
  return false;
}

void test_list() {
  bool has_scalar = false;
  for (const EncoderKernel* kernel : available_encoder_kernels()) {
    CHECK(kEncoderWidthUnit % kernel->panel_outputs == 0);
    CHECK(kernel->tile_rows >= 1 && kernel->tile_rows <= kSpareRows);
    CHECK((kernel->precision == EncoderPrecision::int8) == (kernel->values_kernel != nullptr));
    CHECK((kernel->precision == EncoderPrecision::int8) <= (kernel->quantize_rows != nullptr));
    if (kernel->values_kernel != nullptr) {
      CHECK(kernel->values_kernel->code_bytes == 0);
      CHECK(kernel->values_kernel->activation_bytes == kernel->activation_bytes);
      CHECK(is_encoder_kernel_available(kernel->values_kernel->name));
    }
    has_scalar = has_scalar || kernel == &kEncoderFp32Scalar;
  }
  CHECK(has_scalar);
}

// For each precision, a forced family gets its own first kernel, or the first of the families after it. If
// none is forced, the first of all is taken.
void test_families() {
  const auto families = available_kernel_families();
  for (std::size_t rank = 0; rank < families.size(); ++rank) {
    const auto is_allowed = [&](const EncoderKernel& kernel) {
      return std::any_of(
          families.begin() + static_cast<std::ptrdiff_t>(rank), families.end(),
          [&](KernelFamily family) { return std::string_view(kernel_family_name(family)) == kernel.family; });
    };
    for (const auto precision : {EncoderPrecision::fp32, EncoderPrecision::bf16, EncoderPrecision::int8}) {
      const EncoderKernel* best = nullptr;
      for (const EncoderKernel* kernel : available_encoder_kernels()) {
        if (kernel->precision != precision || !is_allowed(*kernel)) continue;
        const auto is_own = [&](const EncoderKernel* one) {
          return one != nullptr && std::string_view(one->family) == kernel_family_name(families[rank]);
        };
        if (best == nullptr || (is_own(kernel) && !is_own(best))) best = kernel;
      }
      CHECK(chooses(precision, kernel_family_name(families[rank]), best));
    }
  }
  for (const char* nothing : {static_cast<const char*>(nullptr), ""}) {
    for (const auto precision : {EncoderPrecision::fp32, EncoderPrecision::bf16, EncoderPrecision::int8}) {
      const auto kernels = available_encoder_kernels();
      const auto first =
          std::find_if(kernels.begin(), kernels.end(),
                       [precision](const EncoderKernel* kernel) { return kernel->precision == precision; });
      CHECK(chooses(precision, nothing, first == kernels.end() ? nullptr : *first));
    }
  }
}

void test_by_name() {
  CHECK(chooses(EncoderPrecision::fp32, "scalar", &kEncoderFp32Scalar));
  CHECK(chooses(EncoderPrecision::bf16, "scalar", nullptr));
  CHECK(chooses(EncoderPrecision::int8, "scalar", nullptr));
#if defined(__x86_64__)
  const CpuFeatures features = detect_cpu_features();
  if (features.avx2_fma) {
    CHECK(chooses(EncoderPrecision::fp32, "avx2", &kEncoderFp32Avx2));
    CHECK(chooses(EncoderPrecision::bf16, "avx2", nullptr));
    CHECK(chooses(EncoderPrecision::int8, "avx2", features.avx_vnni ? &kEncoderInt8AvxVnni : nullptr));
  }
  if (features.avx512bw && features.avx512vl && features.avx512_vnni && features.avx2_fma) {
    CHECK(chooses(EncoderPrecision::fp32, "avx512", &kEncoderFp32Avx512));
    const bool has_tiles = is_encoder_kernel_available(kEncoderFp32Amx.name);
    CHECK(chooses(EncoderPrecision::fp32, nullptr, has_tiles ? &kEncoderFp32Amx : &kEncoderFp32Avx512));
    CHECK(chooses(EncoderPrecision::bf16, "avx512", features.avx512_bf16 ? &kEncoderBf16Avx512 : nullptr));
    CHECK(chooses(EncoderPrecision::int8, "avx512",
                  features.avx512_bf16 ? &kEncoderInt8Avx512Bf16 : &kEncoderInt8Avx512));
  }
#elif defined(__aarch64__)
  CHECK(chooses(EncoderPrecision::fp32, "neon", &kEncoderFp32Neon));
  CHECK(chooses(EncoderPrecision::bf16, "neon", nullptr));
  CHECK(chooses(EncoderPrecision::int8, "neon", nullptr));
  const CpuFeatures features = detect_cpu_features();
  if (features.dot_product) {
    const bool has_both = features.neon_bf16 && features.neon_i8mm;
    CHECK(chooses(EncoderPrecision::fp32, "neon-dotprod", &kEncoderFp32Neon));
    CHECK(chooses(EncoderPrecision::bf16, "neon-dotprod", features.neon_bf16 ? &kEncoderBf16Neon : nullptr));
    CHECK(chooses(EncoderPrecision::int8, "neon-dotprod", has_both ? &kEncoderInt8Neon : nullptr));
  }
#endif
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_list();
  test_families();
  test_by_name();
  return finish();
}
