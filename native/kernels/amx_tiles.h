// The tile instructions that AMX kernels use, as macros: the numbers of tiles are part of the instruction.
//
// Without AMX, tests run the kernels with these macros in plain memory (test/native/support/emulated_tiles.h): a
// fault in this file shows only on a CPU that has AMX.
#pragma once

#include <immintrin.h>

// Not _tile_loadconfig: GCC 12 believes that it reads eight bytes, and leaves the others unwritten. The
// clobber also has what tiles are to read written before: the compiler doesn't know that the instructions
// read memory.
#define COSIMO_TILES_CONFIGURE(config) __asm__ volatile("ldtilecfg %0" : : "m"(config) : "memory")
#define COSIMO_TILES_RELEASE() _tile_release()

// What was written before is in memory for tiles to load, which the compiler doesn't know that they do.
#define COSIMO_TILES_SEE_MEMORY() __asm__ volatile("" : : : "memory")

#define COSIMO_TILE_ZERO(tile) _tile_zero(tile)
#define COSIMO_TILE_LOAD(tile, memory, stride) _tile_loadd(tile, memory, stride)
// The same for rows that are not read again soon: they don't drive others out of the nearest cache.
#define COSIMO_TILE_STREAM(tile, memory, stride) _tile_stream_loadd(tile, memory, stride)
#define COSIMO_TILE_STORE(tile, memory, stride) _tile_stored(tile, memory, stride)

// sums[m][n] += Σ a[m][4k + i] · b[k][4n + i], the bytes of a signed, those of b unsigned.
#define COSIMO_TILE_DOT(sums, a, b) _tile_dpbsud(sums, a, b)

// The same, the bytes of a unsigned, those of b signed.
#define COSIMO_TILE_DOT_UNSIGNED(sums, a, b) _tile_dpbusd(sums, a, b)

// sums[m][n] += Σ a[m][2k + i] · b[k][2n + i], floats of bfloat16. Denormals are zeros, in and out.
#define COSIMO_TILE_DOT_BF16(sums, a, b) _tile_dpbf16ps(sums, a, b)
