// fp32 in plain C++, for every architecture.
#include "kernels/encoder/encoder_kernel.h"

#define COSIMO_TARGET
#define COSIMO_INLINE inline __attribute__((always_inline))
#include "kernels/encoder/vectors/scalar.inc"
#include "kernels/encoder/generic/register_tile.inc"

namespace cosimo {
namespace {
using Activation = float;
}
}  // namespace cosimo
#include "kernels/encoder/generic/arithmetic.inc"

namespace cosimo {

using Tile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderFp32Scalar =
    make_kernel<Tile, Tile>({"scalar", "scalar", EncoderPrecision::fp32}, nullptr);

}  // namespace cosimo
