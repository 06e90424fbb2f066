// Which encoder kernel runs: the best one of this machine for a precision, within what COSIMO_KERNEL allows.
#pragma once

#include <span>

#include "kernels/encoder/encoder_kernel.h"

namespace cosimo {

/// The kernels that this machine can run, best first within each precision; never empty. Immutable.
std::span<const EncoderKernel* const> available_encoder_kernels() noexcept;

/// As settings write it, such as "fp32".
const char* encoder_precision_name(EncoderPrecision precision) noexcept;

/// The best kernel for a precision; null when there is none. `forced_family` is what COSIMO_KERNEL says, null
/// or empty for nothing. With a forced family: its own best kernel, even if another is listed before it; else
/// the best kernel of the families behind it in available_kernels().
const EncoderKernel* choose_encoder_kernel(EncoderPrecision precision, const char* forced_family) noexcept;

}  // namespace cosimo
