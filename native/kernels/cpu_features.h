// What this CPU can execute, the operating system's part included.
#pragma once

namespace cosimo {

struct CpuFeatures {
  /// AVX2 and FMA, with the OS saving the upper halves of the registers.
  bool avx2_fma = false;
  /// AVX-512F, with the OS saving masks and all thirty-two wide registers.
  bool avx512f = false;
  /// VPDPBUSD on ZMM, and VDPBF16PS on ZMM; each implies avx512f.
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  /// VPDPBUSD on YMM in its VEX encoding; implies avx2_fma.
  bool avx_vnni = false;
  /// Tile products of bytes and of bfloat16, with the OS saving tiles. A process on Linux still has to ask
  /// for them (arch_prctl, ARCH_REQ_XCOMP_PERM) before it executes one.
  bool amx_int8 = false;
  bool amx_bf16 = false;
};

/// Asks the CPU. All false on other architectures than x86-64.
CpuFeatures detect_cpu_features() noexcept;

}  // namespace cosimo
