// The encoder kernels that tests run: all that this machine has, AVX-VNNI in its EVEX encoding wherever
// AVX-512 VNNI runs, and AMX over tiles in plain memory (emulated_tiles.h) wherever AVX-512 BF16 does. Each
// is run a second time with denormals as zeros, as the encoder's own threads have them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <thread>

#include "core/base/denormals.h"
#include "kernels/encoder/encoder_dispatch.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/sanitizer.h"

namespace cosimo {

#if defined(__x86_64__)
extern const EncoderKernel kEncoderInt8EvexVnni;  // int8_avx_vnni.cpp, see CMakeLists.txt
extern const EncoderKernel kEmulatedEncoderFp32Amx;
extern const EncoderKernel kEmulatedEncoderBf16Amx;
extern const EncoderKernel kEmulatedEncoderInt8Amx;
#endif

namespace test {

inline constexpr double kFloatRoundoff = 0x1p-24;  // largest relative error of rounding to a float
inline constexpr double kBf16Roundoff = 0x1p-8;
/// What flushing denormals may lose of one value.
inline constexpr double kMinNormal = 0x1p-126;

inline bool has_codes(const EncoderKernel& kernel) { return kernel.precision == EncoderPrecision::int8; }
inline bool has_bf16(const EncoderKernel& kernel) { return kernel.activation_bytes == sizeof(Bf16); }

/// Whether products read each float as two bfloat16, high and low, and drop low · low.
inline bool is_split(const EncoderKernel& kernel) {
  return kernel.precision == EncoderPrecision::fp32 && kernel.code_bytes > 0;
}
inline constexpr double kSplitRoundoff = 0x1p-17;  // largest relative error of high + low

/// Largest relative error of storing an activation.
inline double stored_roundoff(const EncoderKernel& kernel) {
  return has_bf16(kernel) ? kBf16Roundoff : kFloatRoundoff;
}

inline bool is_encoder_kernel_available(std::string_view name) {
  const auto kernels = available_encoder_kernels();
  return std::any_of(kernels.begin(), kernels.end(),
                     [name](const EncoderKernel* kernel) { return kernel->name == name; });
}

/// Calls `body` with each kernel, and says which.
template <typename Body>
void for_each_encoder_kernel_once(Body&& body) {
  const auto run = [&body](const EncoderKernel& kernel, const char* how) {
    std::printf("kernel %s, %s%s\n", kernel.name, encoder_precision_name(kernel.precision), how);
    body(kernel);
  };
  for (const EncoderKernel* kernel : available_encoder_kernels()) run(*kernel, "");
#if defined(__x86_64__)
  if (is_encoder_kernel_available("avx512-vnni")) run(kEncoderInt8EvexVnni, ", in the EVEX encoding");
  if (is_encoder_kernel_available("avx512-bf16")) {
    for (const EncoderKernel* kernel :
         {&kEmulatedEncoderFp32Amx, &kEmulatedEncoderBf16Amx, &kEmulatedEncoderInt8Amx}) {
      run(*kernel, ", over emulated tiles");
    }
  }
#endif
}

/// The same, and again on a thread that flushes denormals, as the encoder's own threads do. Under an emulator
/// on such a thread alone.
template <typename Body>
void for_each_encoder_kernel(Body&& body) {
  for_each_encoder_kernel_once([&body](const EncoderKernel& kernel) {
    if (!is_emulated()) body(kernel);
    std::thread([&] {
      flush_denormals();
      body(kernel);
    }).join();
  });
}

/// The main of a program whose rules every kernel keeps: `test_kernel` tests one.
template <typename Test>
int test_each_encoder_kernel(const Test& test_kernel) {
  random_bits = seeded_random();
  for_each_encoder_kernel(test_kernel);
  return finish();
}

/// The same for whole encoders, whose threads flush denormals by themselves. test_kernel(kernel, seed).
template <typename Test>
int test_each_encoder(const Test& test_kernel) {
  random_bits = seeded_random();
  const std::uint64_t seed = random_bits();
  for_each_encoder_kernel_once([&](const EncoderKernel& kernel) {
    if (kSanitized && !is_encoder_kernel_available(kernel.name)) return;     // emulation takes long
    if (is_emulated() && kernel.name == std::string_view("scalar")) return;  // by far the slowest there
    test_kernel(kernel, seed);
  });
  return finish();
}

}  // namespace test
}  // namespace cosimo
