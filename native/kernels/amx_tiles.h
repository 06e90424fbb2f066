// The tile instructions that amx.cpp uses, as macros: the numbers of tiles are part of the instruction.
//
// NEVER RUN: no machine at hand has had AMX. What is tested is amx.cpp with these replaced by plain memory
// (test/native/emulated_tiles.h), so a fault in this file would not be seen.
#pragma once

#include <immintrin.h>

// Not _tile_loadconfig: GCC 12 believes that it reads eight bytes, and leaves the others unwritten. The
// clobber also has what tiles are to read written before: the compiler doesn't know that the instructions
// read memory.
#define COSIMO_TILES_CONFIGURE(config) __asm__ volatile("ldtilecfg %0" : : "m"(config) : "memory")
#define COSIMO_TILES_RELEASE() _tile_release()

#define COSIMO_TILE_ZERO(tile) _tile_zero(tile)
#define COSIMO_TILE_LOAD(tile, memory, stride) _tile_loadd(tile, memory, stride)
#define COSIMO_TILE_STORE(tile, memory, stride) _tile_stored(tile, memory, stride)

// sums[m][n] += Σ a[m][4k + i] · b[k][4n + i], the bytes of a signed, those of b unsigned.
#define COSIMO_TILE_DOT(sums, a, b) _tile_dpbsud(sums, a, b)
