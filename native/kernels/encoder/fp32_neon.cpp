// fp32 on NEON, which every AArch64 CPU has.
#if defined(__aarch64__)

#define COSIMO_TARGET
#define COSIMO_ACTIVATION float
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/neon.inc"
#include "kernels/encoder/tiles/neon_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = NeonTile<ByLane<FloatLanes>>;

constinit const EncoderKernel kEncoderFp32Neon =
    make_kernel<Tile, Tile>({"neon", "neon", EncoderPrecision::fp32}, nullptr);

}  // namespace cosimo

#endif
