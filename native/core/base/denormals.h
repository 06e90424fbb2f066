// Denormal numbers treated as zeros: a product with a denormal takes a hundred times as long as one without.
#pragma once

namespace cosimo {

/// Sets the mode of the calling thread for the rest of its life; call it on our own threads only. Sums and
/// products then differ by less than 1e-37.
void flush_denormals() noexcept;

}  // namespace cosimo
