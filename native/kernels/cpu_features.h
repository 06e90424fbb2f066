// What this CPU can execute, with the support of the operating system.
#pragma once

namespace cosimo {

struct CpuFeatures {
  /// AVX2, FMA and POPCNT, with the OS saving the upper halves of the registers.
  bool avx2_fma = false;
  /// AVX-512F, with the OS saving masks and all thirty-two wide registers.
  bool avx512f = false;
  /// Integers of 8 and 16 bits in ZMM; implies avx512f.
  bool avx512bw = false;
  /// AVX-512 instructions on XMM and YMM; implies avx512f.
  bool avx512vl = false;
  /// VPDPBUSD on ZMM; implies avx512f.
  bool avx512_vnni = false;
  /// VDPBF16PS on ZMM; implies avx512f.
  bool avx512_bf16 = false;
  /// VPDPBUSD on YMM in its VEX encoding; implies avx2_fma.
  bool avx_vnni = false;
  /// Tile products of bytes, with the OS saving tiles. A process calls request_tiles() before it uses a tile.
  bool amx_int8 = false;
  /// Tile products of bfloat16, with the same conditions.
  bool amx_bf16 = false;
  /// The CPU has tile products of bfloat16, but the OS doesn't save tiles.
  bool amx_unsaved = false;
  /// SDOT on AArch64.
  bool dot_product = false;
  /// BFMMLA, BFDOT and BFCVTN on AArch64.
  bool neon_bf16 = false;
  /// USMMLA on AArch64.
  bool neon_i8mm = false;
};

/// Asks the CPU; on AArch64, the operating system. All false on other architectures.
CpuFeatures detect_cpu_features() noexcept;

/// Asks Linux to let this process use tiles (arch_prctl, ARCH_REQ_XCOMP_PERM); false if it refuses. Any
/// thread calls it before the first tile instruction; it holds for all threads.
bool request_tiles() noexcept;

}  // namespace cosimo
