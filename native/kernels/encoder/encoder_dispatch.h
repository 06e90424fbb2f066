// Which encoder kernel runs: the best one of this machine for a precision, within what COSIMO_KERNEL allows.
#pragma once

#include <span>

#include "kernels/encoder/encoder_kernel.h"

namespace cosimo {

/// The kernels that this machine can run, best first within each precision; never empty. Immutable.
std::span<const EncoderKernel* const> available_encoder_kernels() noexcept;

/// As settings write it, such as "fp32".
const char* encoder_precision_name(EncoderPrecision precision) noexcept;

/// The best kernel for a precision. Where a family is forced (not null or empty: what COSIMO_KERNEL says, not
/// what active_kernel_family() found by itself) the best of that family, also if another's is listed before
/// it; where that has none, the best of those whose families come after it in available_kernel_families().
/// Null when there is none.
const EncoderKernel* choose_encoder_kernel(EncoderPrecision precision, const char* forced_family) noexcept;

}  // namespace cosimo
