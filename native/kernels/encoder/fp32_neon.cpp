// fp32 on NEON, which every AArch64 CPU has.
#include "kernels/encoder/encoder_kernel.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define COSIMO_TARGET
#define COSIMO_INLINE inline __attribute__((always_inline))
#include "kernels/encoder/vectors/neon.inc"
#include "kernels/encoder/vectors/neon_tile.inc"

namespace cosimo {
namespace {
using Activation = float;
}
}  // namespace cosimo
#include "kernels/encoder/generic/arithmetic.inc"

namespace cosimo {

using Tile = NeonTile<ByLane<FloatLanes>>;

constinit const EncoderKernel kEncoderFp32Neon =
    make_kernel<Tile, Tile>({"neon", "neon", EncoderPrecision::fp32}, nullptr);

}  // namespace cosimo

#endif
