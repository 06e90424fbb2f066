// The codes that every kernel makes of rows: their layout is that of search_kernel.h, and residuals and norms
// are bounds.
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/kernels/reference_codes.h"
#include "support/kernels/tested_kernels.h"

namespace cosimo::test {
namespace {

bool is_codable(float largest) { return largest >= kMinCodable && largest <= kMaxCodable; }

// Whether `bound` is at least `exact` and hardly more. `size`: the size of the terms that cancelled when it
// was computed.
bool is_tight_bound(float bound, long double exact, long double size) {
  return static_cast<long double>(bound) >= exact &&
         static_cast<long double>(bound) <= exact * (1 + 0x1p-18L) + size * 0x1p-17L;
}

struct RowNorms {
  long double of_floats;
  long double by_codes;
  long double by_upper;
};

long double largest_of(const RowNorms& norms) {
  return std::max({norms.of_floats, norms.by_codes, norms.by_upper});
}

// Checks the codes of a row that can be coded. Adds its norms to `norms`.
bool row_is_coded(std::span<const float> row, CodeStore& store, std::size_t at, float largest,
                  RowNorms& norms) {
  const auto scale = static_cast<long double>(store.scale()[at]);
  const auto upper_scale = static_cast<long double>(store.upper_scale()[at]);
  bool right = std::fabs(store.scale()[at] * 127.0F - largest) <= largest * 0x1p-22F;
  long double residual = 0;
  long double upper_residual = 0;
  norms = {0, 0, 0};
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto value = static_cast<long double>(row[i]);
    const std::int32_t code = store.code(at, i);
    const long double by_codes = scale * code;
    const long double by_upper = upper_scale * (32 * store.high(at, i) - 241);
    right = right && code >= -127 && code <= 127 && std::fabs(value - by_codes) <= 0.5001L * scale;
    residual += (value - by_codes) * (value - by_codes);
    upper_residual += (value - by_upper) * (value - by_upper);
    norms.of_floats += value * value;
    norms.by_codes += by_codes * by_codes;
    norms.by_upper += by_upper * by_upper;
  }
  norms = {std::sqrt(norms.of_floats), std::sqrt(norms.by_codes), std::sqrt(norms.by_upper)};
  return right && is_tight_bound(store.residual()[at], std::sqrt(residual), norms.of_floats) &&
         is_tight_bound(store.upper_residual()[at], std::sqrt(upper_residual), largest_of(norms));
}

bool row_is_right(std::span<const float> row, CodeStore& store, std::size_t at, RowNorms& norms) {
  for (std::size_t i = row.size(); i < store.lines() * kLineDimensions; ++i) {
    if (store.code(at, i) != 0) return false;
  }
  float largest = 0;
  for (const float value : row) largest = std::max(largest, std::fabs(value));
  norms = {0, 0, 0};
  if (is_codable(largest)) return row_is_coded(row, store, at, largest, norms);
  // Zeros have exact codes in both planes. Other rows without codes always pass.
  const float residual = largest == 0.0F ? 0.0F : kInfinity;
  return store.scale()[at] == 0.0F && store.upper_scale()[at] == 0.0F && store.residual()[at] == residual &&
         store.upper_residual()[at] == residual;
}

// Quantizes the middle one of three blocks and leaves the others alone.
bool quantizes(const SearchKernel& kernel, Rows& rows) {
  CodeStore store(rows.dimensions, 3);
  const auto before = store.bytes_of(0);
  const auto after = store.bytes_of(2);
  kernel.quantize_block(rows.floats.get(), rows.stride, rows.dimensions, store.block(1));
  bool right = store.bytes_of(0) == before && store.bytes_of(2) == after;
  long double largest = 0;
  for (std::size_t at = 0; at < kBlockRows; ++at) {
    RowNorms norms{};
    right = right && row_is_right(rows.row(at), store, kBlockRows + at, norms);
    largest = std::max(largest, largest_of(norms));
  }
  return right && is_tight_bound(store.norm()[1], largest, 0);
}

void test_codes_and_bounds_of_every_kind_of_row(const SearchKernel& kernel) {
  const auto quantizes_kind = [&kernel](std::size_t dimensions, auto&& kind_of_row) {
    Rows rows(dimensions, kBlockRows);
    for (std::size_t at = 0; at < kBlockRows; ++at) rows.set(at, random_row(kind_of_row(at), dimensions));
    return quantizes(kernel, rows);
  };
  bool mixed = true;
  for (std::size_t dimensions = 1; dimensions <= 1024; dimensions += dimensions < 80 ? 1 : 5) {
    mixed = mixed && quantizes_kind(dimensions, [](std::size_t) { return random_kind(); });
  }
  CHECK(mixed);
  for (std::size_t kind = 0; kind < static_cast<std::size_t>(RowKind::count); ++kind) {
    for (const std::size_t dimensions : {1, 8, 15, 384, 1023}) {
      CHECK(quantizes_kind(dimensions, [kind](std::size_t) { return static_cast<RowKind>(kind); }));
    }
  }
  CHECK(
      quantizes_kind(kMaxDimensions, [](std::size_t at) { return at < 8 ? RowKind::ones : random_kind(); }));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_codes_and_bounds_of_every_kind_of_row);
}
