// Which encoder kernel runs: the best one of this machine for a precision, within what COSIMO_KERNEL allows.
#pragma once

#include <span>

#include "kernels/encoder/encoder_kernel.h"

namespace cosimo {

/// The kernels that this machine can run, best first within each precision; never empty. Immutable.
std::span<const EncoderKernel* const> available_encoder_kernels() noexcept;

/// As settings write it, such as "fp32".
const char* encoder_precision_name(EncoderPrecision precision) noexcept;

/// The kernel that computes in a precision. `forced_family`: what COSIMO_KERNEL says, null or empty if it
/// says nothing. With a forced family: its best kernel; if it has none, the best of the families after it in
/// available_kernel_families(). Otherwise the best of all. Null if there is none.
const EncoderKernel* choose_encoder_kernel(EncoderPrecision precision, const char* forced_family) noexcept;

/// Whether the CPU has AMX's tiles for bfloat16 and the system lets no process, or not this one, use them.
bool are_tiles_refused() noexcept;

}  // namespace cosimo
