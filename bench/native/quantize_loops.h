// A plain loop from floats to bytes, as wide as the CPU can: what quantizing costs at least.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cosimo::bench {

/// codes[i] = floats[i] · 127, rounded towards zero; floats from −1 to 1.
using QuantiseLoop = void (*)(const float* floats, std::int8_t* codes, std::size_t count);

QuantiseLoop widest_quantize_loop();

}  // namespace cosimo::bench
