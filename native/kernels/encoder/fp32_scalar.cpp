// fp32 in plain C++, for every architecture.

#define COSIMO_TARGET
#define COSIMO_ACTIVATION float
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/scalar.inc"
#include "kernels/encoder/tiles/register_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderFp32Scalar =
    make_kernel<Tile, Tile>({"scalar", "scalar", EncoderPrecision::fp32}, nullptr);

}  // namespace cosimo
