#include "core/search/prepared_query.h"

#include <algorithm>

#include "core/base/finite.h"
#include "core/base/rounded_up.h"
#include "core/rotation/query_codes.h"

namespace cosimo {
namespace {

// 32 units of float32 rounding, relative to the product of the norms. docs/exact-search.md counts what they
// cover.
constexpr double kSlack = 32 * 0x1p-24;

}  // namespace

PreparedQuery::PreparedQuery(std::span<const float> query)
    : dimensions_(query.size()),
      values_(make_aligned_array<double>(padded_stride(query.size()))),
      codes_(make_aligned_array<std::int8_t>(code_stride(query.size()))) {
  require_finite(query);
  std::fill(std::copy(query.begin(), query.end(), values_.get()), values_.get() + stride(), 0.0);
  encode(query);
}

void PreparedQuery::encode(std::span<const float> query) noexcept {
  std::fill_n(codes_.get(), code_stride(dimensions_), std::int8_t{0});
  const QueryCodes made = quantize_query(query, codes_.get());
  // An infinite norm makes every bound infinite, or not a number.
  code_query_ = {codes_.get(), made.code_sum, made.scale, rounded_up(made.norm),
                 rounded_up(made.error + kSlack * (made.norm + made.error))};
  if (made.norm == 0) code_query_.norm = code_query_.error = 0;  // every bound is 0, and so is every score
}

}  // namespace cosimo
