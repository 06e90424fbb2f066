// What this CPU can execute, the operating system's part included.
#pragma once

namespace cosimo {

struct CpuFeatures {
  /// AVX2 and FMA, with the OS saving the upper halves of the registers.
  bool avx2_fma = false;
  /// AVX-512F, with the OS saving masks and all thirty-two wide registers.
  bool avx512f = false;
};

/// Asks the CPU. All false on other architectures than x86-64.
CpuFeatures detect_cpu_features() noexcept;

}  // namespace cosimo
