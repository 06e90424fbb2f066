// AMX for kernels: how tiles are configured, and the tile instructions as macros, since a tile's number is
// part of the instruction. Every AMX file includes this first.
//
// With COSIMO_EMULATED_TILES the macros are defined already, and work on plain memory: tests compile AMX
// kernels a second time like that, under other names, to run them without AMX. The real macros run only on a
// CPU that has AMX.
#pragma once

#include <cstdint>

namespace cosimo {

/// What LDTILECFG reads.
struct alignas(64) TileConfig {
  std::uint8_t palette;
  std::uint8_t start_row;
  std::uint8_t reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(TileConfig) == 64);

/// All eight tiles, each of sixteen rows of 64 bytes.
constexpr TileConfig kWholeTiles = {
    1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

}  // namespace cosimo

#if defined(__x86_64__) && !defined(COSIMO_EMULATED_TILES)

#include <immintrin.h>

// Not _tile_loadconfig: GCC 12 believes that it reads eight bytes and leaves the others unwritten. The
// clobber also makes the compiler write to memory what the tiles will load, since it doesn't know that tile
// instructions read it.
#define COSIMO_TILES_CONFIGURE(config) __asm__ volatile("ldtilecfg %0" : : "m"(config) : "memory")
#define COSIMO_TILES_RELEASE() _tile_release()

// Makes the compiler write to memory what it has kept in registers, for tiles to load.
#define COSIMO_TILES_SEE_MEMORY() __asm__ volatile("" : : : "memory")

#define COSIMO_TILE_ZERO(tile) _tile_zero(tile)
#define COSIMO_TILE_LOAD(tile, memory, stride) _tile_loadd(tile, memory, stride)
// The same for rows that are not read again soon: they don't evict others from the L1 cache.
#define COSIMO_TILE_STREAM(tile, memory, stride) _tile_stream_loadd(tile, memory, stride)
#define COSIMO_TILE_STORE(tile, memory, stride) _tile_stored(tile, memory, stride)

// sums[m][n] += Σ a[m][4k + i] · b[k][4n + i], a signed bytes, b unsigned ones.
#define COSIMO_TILE_DOT(sums, a, b) _tile_dpbsud(sums, a, b)

// The same with a unsigned and b signed.
#define COSIMO_TILE_DOT_UNSIGNED(sums, a, b) _tile_dpbusd(sums, a, b)

// sums[m][n] += Σ a[m][2k + i] · b[k][2n + i], a and b of bfloat16. Denormals are zeros, in and out.
#define COSIMO_TILE_DOT_BF16(sums, a, b) _tile_dpbf16ps(sums, a, b)

#endif
