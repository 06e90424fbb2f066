// The interface of an inner-product kernel, and the one order of summation that all of them keep.
//
// ISA files include this header and their intrinsics, nothing else: an inline library function compiled with
// AVX-512 in one file could be the copy that the linker keeps for a CPU without it. Hence no inline code here
// either.
#pragma once

#include <cstddef>

namespace cosimo {

/// Row strides are a multiple of this many floats (one 64-byte line); the padding is zero, so kernels have no
/// tails.
constexpr std::size_t kLanes = 16;

/// Rows and query start on a boundary of this many bytes.
constexpr std::size_t kRowAlignment = 64;

/// sums[r] = Σ query[i] · rows[r · stride + i], accumulated in double, for r < row_count.
/// `query` holds `stride` doubles and `rows` row_count · stride floats, both aligned to kRowAlignment, all
/// finite.
///
/// Every kernel returns the same bits. A product of two float32 values is exact in double (48 of 53 bits, and
/// no exponent out of range), so a fused and an unfused multiply-add agree, and only the order of additions
/// is left:
///   lane j (0 ≤ j < 16) adds the products j, j + 16, j + 32, … in that order, starting from zero;
///   then lanes are folded 16 → 8 → 4 → 2 → 1, each step adding lane j + half to lane j.
/// What this rests on: IEEE double arithmetic, round to nearest, denormals kept. A host that sets
/// flush-to-zero or another rounding mode on the calling thread gets other last bits, as does a build with
/// -ffast-math.
using ScoreRows = void (*)(const double* query, const float* rows, std::size_t row_count, std::size_t stride,
                           double* sums);

struct Kernel {
  const char* name;
  ScoreRows score_rows;
};

#if defined(__x86_64__)
extern const Kernel kAvx512Kernel;
extern const Kernel kAvx2Kernel;
#elif defined(__aarch64__)
extern const Kernel kNeonKernel;
#endif
extern const Kernel kScalarKernel;

}  // namespace cosimo
