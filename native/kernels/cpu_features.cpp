#include "kernels/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cstdint>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>

#include <cstddef>
#endif

namespace cosimo {

#if defined(__x86_64__)

namespace {

// XCR0: which registers the OS saves at a task switch. A CPU may have AVX while the OS does not save its
// registers.
std::uint64_t os_saved_state() noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

constexpr std::uint64_t kAvxState = 0x6;       // XMM and YMM
constexpr std::uint64_t kAvx512State = 0xe6;   // and opmask, upper halves of ZMM0–15, ZMM16–31
constexpr std::uint64_t kTileState = 0x60000;  // configuration and data of tiles

constexpr std::uint32_t kFma = 1U << 12;         // leaf 1, ECX
constexpr std::uint32_t kPopcnt = 1U << 23;      // leaf 1, ECX
constexpr std::uint32_t kOsxsave = 1U << 27;     // leaf 1, ECX: XGETBV may be executed
constexpr std::uint32_t kAvx = 1U << 28;         // leaf 1, ECX
constexpr std::uint32_t kAvx2 = 1U << 5;         // leaf 7, EBX
constexpr std::uint32_t kAvx512f = 1U << 16;     // leaf 7, EBX
constexpr std::uint32_t kAvx512bw = 1U << 30;    // leaf 7, EBX
constexpr std::uint32_t kAvx512vl = 1U << 31;    // leaf 7, EBX
constexpr std::uint32_t kAvx512Vnni = 1U << 11;  // leaf 7, ECX
constexpr std::uint32_t kAmxBf16 = 1U << 22;     // leaf 7, EDX
constexpr std::uint32_t kAmxTile = 1U << 24;     // leaf 7, EDX
constexpr std::uint32_t kAmxInt8 = 1U << 25;     // leaf 7, EDX
constexpr std::uint32_t kAvxVnni = 1U << 4;      // leaf 7.1, EAX
constexpr std::uint32_t kAvx512Bf16 = 1U << 5;   // leaf 7.1, EAX

}  // namespace

CpuFeatures detect_cpu_features() noexcept {
  CpuFeatures features;
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return features;
  const bool has_avx = (ecx & kOsxsave) != 0 && (ecx & kAvx) != 0;
  const bool has_fma = (ecx & kFma) != 0 && (ecx & kPopcnt) != 0;
  if (!has_avx || __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return features;
  const std::uint64_t state = os_saved_state();
  features.avx2_fma = has_fma && (ebx & kAvx2) != 0 && (state & kAvxState) == kAvxState;
  features.avx512f = (ebx & kAvx512f) != 0 && (state & kAvx512State) == kAvx512State;
  features.avx512bw = features.avx512f && (ebx & kAvx512bw) != 0;
  features.avx512vl = features.avx512f && (ebx & kAvx512vl) != 0;
  features.avx512_vnni = features.avx512f && (ecx & kAvx512Vnni) != 0;
  features.amx_unsaved = (edx & kAmxBf16) != 0 && (state & kTileState) != kTileState;
  const bool has_tiles = (edx & kAmxTile) != 0 && (state & kTileState) == kTileState;
  features.amx_int8 = has_tiles && (edx & kAmxInt8) != 0;
  features.amx_bf16 = has_tiles && (edx & kAmxBf16) != 0;
  const unsigned int last_subleaf = eax;
  if (last_subleaf == 0 || __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) == 0) return features;
  features.avx_vnni = features.avx2_fma && (eax & kAvxVnni) != 0;
  features.avx512_bf16 = features.avx512f && (eax & kAvx512Bf16) != 0;
  return features;
}

bool request_tiles() noexcept {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

#else

#if defined(__aarch64__) && defined(__APPLE__)
namespace {

bool has(const char* feature) noexcept {
  int value = 0;
  std::size_t size = sizeof value;
  return sysctlbyname(feature, &value, &size, nullptr, 0) == 0 && value == 1;
}

}  // namespace
#endif

CpuFeatures detect_cpu_features() noexcept {
  CpuFeatures features;
#if defined(__aarch64__) && defined(__linux__)
  constexpr unsigned long kI8mm = 1UL << 13;  // HWCAP2_I8MM and HWCAP2_BF16, which older headers lack
  constexpr unsigned long kBf16 = 1UL << 14;
  features.dot_product = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  features.neon_bf16 = (getauxval(AT_HWCAP2) & kBf16) != 0;
  features.neon_i8mm = (getauxval(AT_HWCAP2) & kI8mm) != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
  features.dot_product = has("hw.optional.arm.FEAT_DotProd");
  features.neon_bf16 = has("hw.optional.arm.FEAT_BF16");
  features.neon_i8mm = has("hw.optional.arm.FEAT_I8MM");
#endif
  return features;
}

bool request_tiles() noexcept { return false; }

#endif

}  // namespace cosimo
