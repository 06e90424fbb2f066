// Loops that only read, with the CPU's widest loads.
#pragma once

#include <cstddef>

namespace cosimo::bench {

/// Bytes that a loop reads in one iteration.
constexpr std::size_t kReadGranule = 512;

/// `memory` is aligned to 64 bytes, `bytes` a positive multiple of kReadGranule.
using ReadLoop = void (*)(const std::byte* memory, std::size_t bytes);

ReadLoop widest_read_loop();

}  // namespace cosimo::bench
