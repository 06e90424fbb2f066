// Rotated rows with AVX2. Four queries share the unpacked nibbles of a line; sums as in avx2_codes.cpp.
#include "kernels/search/rotated/rotated_kernel.h"
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx2,fma,popcnt")))

namespace cosimo::avx2 {
namespace {

#include "kernels/search/rotated/rotate_rows.inc"

#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))

using Bits [[gnu::may_alias]] = std::int32_t;

// How far ahead memory is prefetched: heads are read once and in order, but the hardware's prefetcher stops
// at each page.
constexpr std::size_t kPrefetchBytes = 2048;

constexpr std::size_t kLeadLines = kLeadDimensions / kLineDimensions;

// So many lines' products are added in int16: two products of a nibble with a code are at most 2 · 15 · 127 =
// 3,810, and eight such pairs fit.
constexpr std::size_t kGroupLines = 4;
static_assert(kHeadAlignment == kGroupLines / 2 * kLineDimensions && kLeadLines <= kGroupLines);

constexpr std::size_t kTileQueries = 4;

// Of rows 0–7 and 8–15 of a block.
struct Halves {
  __m256i of[2];
};

struct Values {
  __m256 of[2];
};

COSIMO_INLINE __m256i load(const void* bytes) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}

COSIMO_INLINE __m256i low_nibbles(__m256i bytes) { return _mm256_and_si256(bytes, _mm256_set1_epi8(15)); }

COSIMO_INLINE __m256i high_nibbles(__m256i bytes) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
}

// Adds the products of nibbles with four codes to `parts`. Assembly: from intrinsics, GCC 12 joins additions,
// keeps what it has broadcast for later, and runs out of registers.
COSIMO_INLINE void add_products(Halves& parts, const Halves& nibbles, const std::int8_t* four) {
  __m256i codes;
  __m256i products;
  __asm__(
      "vpbroadcastd %[four], %[codes]\n\t"
      "vpmaddubsw %[codes], %[first_nibbles], %[products]\n\t"
      "vpaddw %[products], %[first], %[first]\n\t"
      "vpmaddubsw %[codes], %[second_nibbles], %[codes]\n\t"
      "vpaddw %[codes], %[second], %[second]"
      :
      [first] "+x"(parts.of[0]), [second] "+x"(parts.of[1]), [codes] "=&x"(codes), [products] "=&x"(products)
      : [first_nibbles] "x"(nibbles.of[0]), [second_nibbles] "x"(nibbles.of[1]),
        [four] "m"(*reinterpret_cast<const Bits*>(four)));
}

// One half of the nibbles of a line, for every query: `code` is where the codes of its four dimensions begin.
template <std::size_t Queries>
COSIMO_INLINE void add_nibbles(const HeadQuery* queries, std::size_t code, const Halves& nibbles,
                               Halves (&parts)[Queries]) {
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) add_products(parts[q], nibbles, queries[q].codes + code);
}

// Σ d · nibble over `Lines` lines, times `weight`, added to the sums of each query. `code` is where their
// codes begin.
template <std::size_t Lines, std::size_t Queries>
COSIMO_INLINE void add_group(const HeadQuery* queries, std::size_t code, const std::uint8_t* lines,
                             std::int16_t weight, Halves (&sums)[Queries]) {
  static_assert(Lines <= kGroupLines);
  Halves parts[Queries];
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) parts[q] = {{_mm256_setzero_si256(), _mm256_setzero_si256()}};
#pragma GCC unroll 4
  for (std::size_t line = 0; line < Lines; ++line, code += kLineDimensions, lines += kLineBytes) {
    _mm_prefetch(reinterpret_cast<const char*>(lines + kPrefetchBytes), _MM_HINT_T0);
    add_nibbles(queries, code, {{low_nibbles(load(lines)), low_nibbles(load(lines + 32))}}, parts);
    add_nibbles(queries, code + 4, {{high_nibbles(load(lines)), high_nibbles(load(lines + 32))}}, parts);
  }
  const __m256i weights = _mm256_set1_epi16(weight);
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) {
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half)
      sums[q].of[half] = _mm256_add_epi32(sums[q].of[half], _mm256_madd_epi16(parts[q].of[half], weights));
  }
}

template <std::size_t Queries>
COSIMO_INLINE void clear(Halves (&sums)[Queries]) {
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) sums[q] = {{_mm256_setzero_si256(), _mm256_setzero_si256()}};
}

// Eight float32 numbers whose upper halves lie here.
COSIMO_INLINE __m256 floats(const std::uint8_t* halves) {
  const __m128i eight = _mm_load_si128(reinterpret_cast<const __m128i*>(halves));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight), 16));
}

// (factor · sum + offset) · scale, added to `value`.
COSIMO_INLINE __m256 with_decoded(__m256 value, __m256i sum, float factor, float offset, __m256 scale) {
  const __m256 decoded =
      _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(factor), _mm256_set1_ps(offset));
  return _mm256_fmadd_ps(decoded, scale, value);
}

// For each byte of bits that say which rows pass: the places of those that are set.
struct BitPlaces {
  alignas(8) std::uint8_t of[256][8];
};

constexpr BitPlaces kBitPlaces = [] {
  BitPlaces places{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::size_t found = 0;
    for (std::uint8_t place = 0; place < 8; ++place)
      if ((byte >> place & 1) != 0) places.of[byte][found++] = place;
  }
  return places;
}();

// Adds those of eight rows whose bits are set. Without a branch, which would be mispredicted.
COSIMO_INLINE void add_passed(__m256 bounds, int bits, std::size_t first_row, PassedRows& passed) {
  const auto* bytes = reinterpret_cast<const __m128i*>(kBitPlaces.of[bits]);
  const __m256i places = _mm256_cvtepu8_epi32(_mm_loadl_epi64(bytes));
  const __m256i rows = _mm256_add_epi32(places, _mm256_set1_epi32(static_cast<int>(first_row)));
  _mm256_storeu_ps(passed.bounds + passed.count, _mm256_permutevar8x32_ps(bounds, places));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(passed.rows + passed.count), rows);
  passed.count += static_cast<std::size_t>(_mm_popcnt_u32(static_cast<unsigned>(bits)));
}

// Queries at, at + 1, … with block `b`.
template <std::size_t Queries>
COSIMO_INLINE void bound_tile(const HeadQueries& queries, std::size_t at, const std::uint8_t* block,
                              const HeadBlocks& heads, std::size_t b, const float* thresholds,
                              PassedRows* passed) {
  const HeadQuery* tile = queries.queries + at;
  const std::uint8_t* numbers = block + heads.lines * kLineBytes;
  Halves sums[Queries];
  Values bounds[Queries];
  clear(sums);
  add_group<kLeadLines>(tile, 0, block, 16, sums);
  add_group<kLeadLines>(tile, 0, block + kLeadLines * kLineBytes, 1, sums);
#pragma GCC unroll 2
  for (std::size_t half = 0; half < 2; ++half) {
    const __m256 scale = floats(numbers + 16 * half);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Queries; ++q) {
      const __m256 error = _mm256_set1_ps(tile[q].error * heads.norm);
      bounds[q].of[half] =
          with_decoded(error, sums[q].of[half], tile[q].lead_factor, tile[q].lead_offset, scale);
    }
  }
  clear(sums);
  std::size_t line = 2 * kLeadLines;
  std::size_t code = kRestCodes;
  for (; line + kGroupLines <= heads.lines; line += kGroupLines, code += kGroupLines * kLineDimensions)
    add_group<kGroupLines>(tile, code, block + line * kLineBytes, 1, sums);
  if (line < heads.lines) add_group<kGroupLines / 2>(tile, code, block + line * kLineBytes, 1, sums);
#pragma GCC unroll 2
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint8_t* own = numbers + 16 * half;
    const __m256 scale = floats(own + 32);
    const __m256 residual = floats(own + 64);
    const __m256 beyond = floats(own + 96);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Queries; ++q) {
      __m256& bound = bounds[q].of[half];
      bound = with_decoded(bound, sums[q].of[half], tile[q].factor, tile[q].offset, scale);
      bound = _mm256_fmadd_ps(_mm256_set1_ps(tile[q].norm), residual, bound);
      bound = _mm256_fmadd_ps(_mm256_set1_ps(tile[q].beyond_norm), beyond, bound);
      const __m256 reaches = _mm256_cmp_ps(bound, _mm256_set1_ps(thresholds[at + q]), _CMP_NLT_UQ);
      add_passed(bound, _mm256_movemask_ps(reaches), b * kBlockRows + 8 * half, passed[at + q]);
    }
  }
}

// A query's codes for records.
struct RecordCodes {
  __m256i low[2];
  __m256i high[2];
};

COSIMO_INLINE RecordCodes load_codes(const std::int8_t* codes) {
  return {{load(codes), load(codes + 32)}, {load(codes + kRecordBytes), load(codes + kRecordBytes + 32)}};
}

// Eight numbers whose sum is Σ codes · nibbles.
COSIMO_INLINE __m256i sum_record(const RecordCodes& codes, const std::uint8_t* record) {
  __m256i pairs = _mm256_setzero_si256();
#pragma GCC unroll 2
  for (std::size_t i = 0; i < 2; ++i) {
    const __m256i bytes = load(record + 32 * i);
    const __m256i low = _mm256_maddubs_epi16(low_nibbles(bytes), codes.low[i]);
    const __m256i high = _mm256_maddubs_epi16(high_nibbles(bytes), codes.high[i]);
    pairs = _mm256_add_epi16(pairs, _mm256_add_epi16(low, high));
  }
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

// The numbers of four records.
struct RecordNumbers {
  __m128 scale;
  __m128 residual;
  __m128 beyond;
  __m128 beyond_head;
};

COSIMO_INLINE __m128i load_numbers(const std::uint8_t* record) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(record + kRecordNibbleBytes));
}

COSIMO_INLINE RecordNumbers numbers_of(const std::uint8_t* const (&records)[4]) {
  const __m128i first = _mm_unpacklo_epi16(load_numbers(records[0]), load_numbers(records[1]));
  const __m128i second = _mm_unpacklo_epi16(load_numbers(records[2]), load_numbers(records[3]));
  const __m128i front = _mm_unpacklo_epi32(first, second);
  const __m128i back = _mm_unpackhi_epi32(first, second);
  const __m128i zero = _mm_setzero_si128();
  return {_mm_castsi128_ps(_mm_unpacklo_epi16(zero, front)),
          _mm_castsi128_ps(_mm_unpackhi_epi16(zero, front)), _mm_castsi128_ps(_mm_unpacklo_epi16(zero, back)),
          _mm_castsi128_ps(_mm_unpackhi_epi16(zero, back))};
}

// Σ codes · nibbles of four records.
COSIMO_INLINE __m128 sum_records(const RecordCodes& codes, const std::uint8_t* const (&records)[4]) {
  const __m256i first = _mm256_hadd_epi32(sum_record(codes, records[0]), sum_record(codes, records[1]));
  const __m256i second = _mm256_hadd_epi32(sum_record(codes, records[2]), sum_record(codes, records[3]));
  const __m256i all = _mm256_hadd_epi32(first, second);
  return _mm_cvtepi32_ps(_mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
}

// `bounds` of four rows, replaced by those that their records give.
COSIMO_INLINE __m128 bound_four(const RecordQuery& query, const RecordCodes& codes,
                                const std::uint8_t* const (&records)[4], float norm, __m128 bounds) {
  const RecordNumbers rows = numbers_of(records);
  const __m128 decoded =
      _mm_fmadd_ps(sum_records(codes, records), _mm_set1_ps(query.factor), _mm_set1_ps(query.offset));
  bounds = _mm_fnmadd_ps(_mm_set1_ps(query.head_beyond_norm), rows.beyond_head, bounds);
  bounds = _mm_fmadd_ps(decoded, rows.scale, bounds);
  bounds = _mm_fmadd_ps(_mm_set1_ps(query.norm), rows.residual, bounds);
  bounds = _mm_fmadd_ps(_mm_set1_ps(query.beyond_norm), rows.beyond, bounds);
  return _mm_add_ps(bounds, _mm_set1_ps(query.error * norm));
}

}  // namespace

COSIMO_TARGET void bound_heads(const HeadQueries& queries, const HeadBlocks& heads, std::size_t first,
                               std::size_t count, const float* thresholds, PassedRows* passed) {
  const std::size_t block_bytes = heads.lines * kLineBytes + kHeadStatisticsBytes;
  for (std::size_t q = 0; q < queries.count; ++q) passed[q].count = 0;
  for (std::size_t b = first; b < first + count; ++b) {
    const std::uint8_t* block = heads.bytes + b * block_bytes;
    std::size_t q = 0;
    for (; q + kTileQueries <= queries.count; q += kTileQueries)
      bound_tile<kTileQueries>(queries, q, block, heads, b, thresholds, passed);
    for (; q < queries.count; ++q) bound_tile<1>(queries, q, block, heads, b, thresholds, passed);
  }
}

// Four rows at a time; the last one is repeated until they are four. What is written has been read: no more
// rows are kept than were looked at.
COSIMO_TARGET void bound_records(const RecordQuery& query, const Records& records, float threshold,
                                 PassedRows& passed) {
  const RecordCodes codes = load_codes(query.codes);
  std::size_t kept = 0;
  for (std::size_t at = 0; at < passed.count; at += 4) {
    const std::size_t left = passed.count - at;
    const std::uint8_t* of[4];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i)
      of[i] = records.bytes + passed.rows[at + (i < left ? i : left - 1)] * kRecordBytes;
    const __m128 bounds = bound_four(query, codes, of, records.norm, _mm_loadu_ps(passed.bounds + at));
    const __m128 reaches = _mm_cmp_ps(bounds, _mm_set1_ps(threshold), _CMP_NLT_UQ);
    const int bits = _mm_movemask_ps(reaches) & (left < 4 ? (1 << left) - 1 : 15);
    const auto* four = reinterpret_cast<const Bits*>(kBitPlaces.of[bits]);
    const __m128i places = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(*four));
    const __m128 rows = _mm_loadu_ps(reinterpret_cast<const float*>(passed.rows + at));
    _mm_storeu_ps(passed.bounds + kept, _mm_permutevar_ps(bounds, places));
    _mm_storeu_ps(reinterpret_cast<float*>(passed.rows + kept), _mm_permutevar_ps(rows, places));
    kept += static_cast<std::size_t>(_mm_popcnt_u32(static_cast<unsigned>(bits)));
  }
  passed.count = kept;
}

COSIMO_TARGET void rotate_rows(const RotationMatrix& matrix, const float* rows, std::size_t row_count,
                               float* out) {
  rotate_all(matrix, rows, row_count, out);
}

}  // namespace cosimo::avx2

#endif
