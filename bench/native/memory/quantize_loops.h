// A plain loop from floats to bytes with the CPU's widest vectors: the least that quantizing costs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cosimo::bench {

/// codes[i] = floats[i] · 127, rounded towards zero; floats from −1 to 1.
using QuantizeLoop = void (*)(const float* floats, std::int8_t* codes, std::size_t count);

QuantizeLoop widest_quantize_loop();

}  // namespace cosimo::bench
