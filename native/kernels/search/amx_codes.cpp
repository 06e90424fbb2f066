// Bounds for many queries on AMX, by tile products of bytes; what is neither here nor in amx_rotated.cpp is
// AVX-512's. A joined line of a block (sixteen rows, four dimensions each) has the layout of a row of AMX's
// second operand, so sixteen lines are a tile.
#include "kernels/amx_tiles.h"
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vnni,fma,avx2")))

namespace cosimo {
namespace amx {
namespace {

#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/search/amx_sums.inc"
#include "kernels/search/avx512_bounds.inc"

// Joins the planes of a block and adds zeros up to a whole tile. Query codes are zero there, but memory must
// be written before it is read.
COSIMO_INLINE void join_block(const CodeBlocks& blocks, std::size_t block, std::size_t tiles,
                              std::uint8_t* joined) {
  const std::uint8_t* upper = blocks.upper + block * blocks.lines * kLineBytes;
  const std::uint8_t* lower = blocks.lower + block * blocks.lines * kLineBytes;
  for (std::size_t line = 0; line < blocks.lines; ++line) {
    prefetch_for_join(upper + line * kLineBytes);
    prefetch_for_join(lower + line * kLineBytes);
    __m512i first;
    __m512i second;
    join_planes(upper, lower, line, first, second);
    _mm512_store_si512(joined + 2 * line * kTileRowBytes, first);
    _mm512_store_si512(joined + (2 * line + 1) * kTileRowBytes, second);
  }
  for (std::size_t row = 2 * blocks.lines; row < tiles * kTileRows; ++row)
    _mm512_store_si512(joined + row * kTileRowBytes, _mm512_setzero_si512());
}

// The passed bits of up to thirty-two queries from `at` on.
COSIMO_INLINE void pass_tiles(const CodeQueries& queries, std::size_t at, const CodeBlocks& blocks,
                              std::size_t block, std::size_t count, const float* thresholds,
                              const Sums (&sums)[2][2], std::uint16_t* passed) {
  const std::size_t end = at + kQueryTile < queries.count ? at + kQueryTile : queries.count;
  for (std::size_t i = at; i < end; ++i) {
    const Broadcast query = broadcast(queries.queries[i], thresholds[i]);
    const __m512i offset = _mm512_set1_epi32(-128 * queries.queries[i].code_sum);
    const Sums(&of)[2] = sums[(i - at) / kTileRows];
    for (std::size_t b = 0; b < count; ++b) {
      const std::size_t row = (block + b) * kBlockRows;
      const __m512i products = _mm512_add_epi32(_mm512_load_si512(of[b].of[(i - at) % kTileRows]), offset);
      passed[i * kMaxBlocks + b] =
          pass(query, products, blocks.scale + row, blocks.residual + row, blocks.norm[block + b]);
    }
  }
}

}  // namespace

COSIMO_TARGET void bound_many(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t first,
                              std::size_t count, const float* thresholds, std::uint8_t* scratch,
                              std::uint16_t* passed) {
  if (queries.count < kFewQueries)
    return avx512::bound_many(queries, blocks, first, count, thresholds, scratch, passed);
  const std::size_t tiles = queries.code_stride / kTileRowBytes;
  const std::size_t joined_bytes = tiles * kTileBytes;
  for (std::size_t b = 0; b < count; ++b) join_block(blocks, first + b, tiles, scratch + b * joined_bytes);
  // Tiles are configured for each call: a thread may run other code between two, which tiles in use slow
  // down.
  COSIMO_TILES_CONFIGURE(kWholeTiles);
  Sums sums[2][2];
  for (std::size_t at = 0; at < queries.count; at += kQueryTile) {
    const std::int8_t* codes = queries.codes + at * queries.code_stride;
    for (std::size_t b = 0; b < count; b += 2) {
      const std::size_t pair = count - b < 2 ? 1 : 2;
      const std::uint8_t* joined = scratch + b * joined_bytes;
      const std::uint8_t* next = joined + (pair - 1) * joined_bytes;
      if (queries.count - at > kTileRows) {
        sum_tiles(codes, queries.code_stride, joined, next, tiles, sums);
      } else {
        sum_half_tiles(codes, queries.code_stride, joined, next, tiles, sums);
      }
      pass_tiles(queries, at, blocks, first + b, pair, thresholds, sums, passed + b);
    }
  }
  COSIMO_TILES_RELEASE();
}

}  // namespace amx

const SearchKernel kAmxSearchKernel = {"amx",
                                       avx512::score_rows,
                                       avx512::bound_upper,
                                       avx512::bound_whole,
                                       amx::bound_many,
                                       avx512::quantize_block,
                                       {amx::bound_heads, avx2::bound_records, avx512::rotate_rows}};

}  // namespace cosimo

#endif
