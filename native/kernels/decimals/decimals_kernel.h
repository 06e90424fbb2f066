// The interface of a decimals kernel: the digits of many floats at once, written once for every instruction
// set.
//
// A kernel's file includes this header, decimal_scales.inc and its intrinsics, nothing else, and this header
// holds no inline code. The linker keeps one copy of an inline function: it could be one that was compiled
// with AVX-512, for a CPU without it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cosimo {

/// Floats that one call takes.
constexpr std::size_t kDecimalFloats = 16;

/// Kernels cover magnitudes from 0.001 to below 1, whose shortest text has at most ten decimals.
constexpr std::uint32_t kMinFraction = 0x3a83126f;  // the bits of 0.001
constexpr std::uint32_t kOne = 0x3f800000;          // the bits of 1

/// Ten decimals of each float, trailing zeros included.
struct Decimals {
  std::uint64_t last[kDecimalFloats];  // the third to the tenth: a byte each, 0 to 9, the third in the lowest
  std::uint32_t first[kDecimalFloats];  // "0." and the first two as text, '0' in the lowest byte
};

/// For each of kDecimalFloats magnitudes, the shortest decimals that read back as the same float; if several
/// are equally short, the closest one. Outside the range above the result means nothing. All kernels write
/// the same bytes.
using WriteDecimals = void(const float* values, Decimals* decimals);

struct DecimalsKernel {
  const char* name;
  WriteDecimals* write_decimals;
};

#if defined(__x86_64__)
extern const DecimalsKernel kAvx512DecimalsKernel;
extern const DecimalsKernel kAvx2DecimalsKernel;
#endif
extern const DecimalsKernel kScalarDecimalsKernel;

}  // namespace cosimo
