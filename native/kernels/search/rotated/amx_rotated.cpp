// Bounds of heads for many queries on AMX, by tile products of bytes. As in amx_codes.cpp, bytes of sixteen
// rows, four dimensions each, are a row of the second operand. A lead fills a quarter of a tile: the rows
// that follow it belong to the rest, and query codes are zero there.
#include "kernels/amx_tiles.h"
#include "kernels/search/rotated/rotated_kernel.h"
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vnni,fma,avx2,popcnt")))

namespace cosimo::amx {
namespace {

#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/search/amx_sums.inc"
#include "kernels/search/avx512_bounds.inc"
#include "kernels/search/rotated/avx512_heads.inc"

// A line of nibbles becomes two tile rows of bytes.
constexpr std::size_t kLeadRows = 2 * kLeadLines;

// Longer heads are left to AVX-512, so that the bytes of two blocks fit on the stack: 33 KiB.
constexpr std::size_t kMostRestTiles = 16;

// The lead of a block, then the rest up to a whole tile.
struct alignas(64) Bytes {
  std::uint8_t rows[kLeadRows + kMostRestTiles * kTileRows][kTileRowBytes];
};

constexpr std::size_t tiles_of_rest(std::size_t lines) noexcept {
  return (2 * (lines - 2 * kLeadLines) + kTileRows - 1) / kTileRows;
}

// Unpacks the nibbles of a block. Zeros fill the last tile: query codes are zero there, but memory must be
// written before it is read.
COSIMO_INLINE void unpack_block(const std::uint8_t* block, std::size_t lines, Bytes& bytes) {
  const std::uint8_t* lower = block + kLeadLines * kLineBytes;
  std::size_t row = 0;
  for (std::size_t line = 0; line < kLeadLines; ++line, row += 2) {
    prefetch_for_join(block + line * kLineBytes);
    prefetch_for_join(lower + line * kLineBytes);
    __m512i first;
    __m512i second;
    join_planes(block, lower, line, first, second);
    _mm512_store_si512(bytes.rows[row], first);
    _mm512_store_si512(bytes.rows[row + 1], second);
  }
  const __m512i mask = _mm512_set1_epi8(15);
  for (std::size_t line = 2 * kLeadLines; line < lines; ++line, row += 2) {
    const std::uint8_t* at = block + line * kLineBytes;
    prefetch_for_join(at);
    const __m512i nibbles = _mm512_load_si512(at);
    _mm512_store_si512(bytes.rows[row], _mm512_and_si512(nibbles, mask));
    _mm512_store_si512(bytes.rows[row + 1], _mm512_and_si512(_mm512_srli_epi16(nibbles, 4), mask));
  }
  for (; row < kLeadRows + tiles_of_rest(lines) * kTileRows; ++row)
    _mm512_store_si512(bytes.rows[row], _mm512_setzero_si512());
}

// Up to thirty-two queries from `at` on, with two blocks. With one block both are the same, and the second
// sums are ignored.
COSIMO_INLINE void sum_heads(const HeadQueries& queries, std::size_t at, const Bytes& first,
                             const Bytes& second, std::size_t rest_tiles, Sums (&lead)[2][2],
                             Sums (&rest)[2][2]) {
  const std::size_t stride = queries.code_stride;
  const std::int8_t* codes = queries.queries[at].codes;
  const std::uint8_t* first_rest = first.rows[kLeadRows];
  const std::uint8_t* second_rest = second.rows[kLeadRows];
  if (queries.count - at > kTileRows) {
    sum_tiles(codes, stride, first.rows[0], second.rows[0], 1, lead);
    sum_tiles(codes + kRestCodes, stride, first_rest, second_rest, rest_tiles, rest);
  } else {
    sum_half_tiles(codes, stride, first.rows[0], second.rows[0], 1, lead);
    sum_half_tiles(codes + kRestCodes, stride, first_rest, second_rest, rest_tiles, rest);
  }
}

}  // namespace

COSIMO_TARGET void bound_heads(const HeadQueries& queries, const HeadBlocks& heads, std::size_t first,
                               std::size_t count, const float* thresholds, PassedRows* passed) {
  const std::size_t rest_tiles = tiles_of_rest(heads.lines);
  if (queries.count < kFewQueries || rest_tiles > kMostRestTiles)
    return avx512::bound_heads(queries, heads, first, count, thresholds, passed);
  const std::size_t line_bytes = heads.lines * kLineBytes;
  Bytes bytes[2];
  Sums lead[2][2];
  Sums rest[2][2];
  for (std::size_t q = 0; q < queries.count; ++q) passed[q].count = 0;
  COSIMO_TILES_CONFIGURE(kWholeTiles);  // for each call, as in bound_many
  for (std::size_t b = first; b < first + count; b += 2) {
    const std::size_t pair = first + count - b < 2 ? 1 : 2;
    RowNumbers numbers[2];
    for (std::size_t i = 0; i < pair; ++i) {
      const std::uint8_t* block = heads.bytes + (b + i) * (line_bytes + kHeadStatisticsBytes);
      unpack_block(block, heads.lines, bytes[i]);
      numbers[i] = numbers_at(block + line_bytes);
    }
    COSIMO_TILES_SEE_MEMORY();
    for (std::size_t at = 0; at < queries.count; at += kQueryTile) {
      sum_heads(queries, at, bytes[0], bytes[pair - 1], rest_tiles, lead, rest);
      const std::size_t end = at + kQueryTile < queries.count ? at + kQueryTile : queries.count;
      for (std::size_t q = at; q < end; ++q) {
        const std::size_t half = (q - at) / kTileRows;
        const std::size_t row = (q - at) % kTileRows;
        for (std::size_t i = 0; i < pair; ++i) {
          add_passed(queries.queries[q], _mm512_load_si512(lead[half][i].of[row]),
                     _mm512_load_si512(rest[half][i].of[row]), numbers[i], heads.norm, thresholds[q],
                     (b + i) * kBlockRows, passed[q]);
        }
      }
    }
  }
  COSIMO_TILES_RELEASE();
}

}  // namespace cosimo::amx

#endif
