#include "core/rotation/rotated_queries.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "core/base/rounded_up.h"
#include "core/rotation/norms.h"
#include "core/rotation/query_codes.h"

namespace cosimo {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What covers the rounding of a bound in float32, relative to ‖query‖ · ‖row‖ and the root of the dimensions.
// docs/exact-search.md counts it.
constexpr double kSlack = 32 * 0x1p-24;

constexpr std::size_t whole_tiles(std::size_t queries) noexcept {
  return (queries + kQueryTile - 1) / kQueryTile * kQueryTile;
}

// ≥ ‖query‖; infinite where the query can't be coded.
double norm_of_query(std::span<const float> query) noexcept {
  return can_be_coded(largest_magnitude(query)) ? norm_above(query) : kInfinity;
}

// A part that is too short or too long for codes is left to its norm.
QueryCodes quantize_part(std::span<const float> values, std::int8_t* codes) noexcept {
  QueryCodes made = quantize_query(values, codes);
  if (std::isinf(made.norm)) made.norm = made.error = norm_above(values);
  return made;
}

}  // namespace

RotatedQueries::RotatedQueries(const Rotation& rotation, const float* queries, std::size_t count,
                               const SearchKernel& kernel)
    : head_stride_(code_stride_of_head(rotation.head_dimensions())),
      head_codes_(make_aligned_array<std::int8_t>(whole_tiles(count) * head_stride_)),
      record_codes_(make_aligned_array<std::int8_t>(count * kRecordQueryBytes)) {
  const std::size_t n = rotation.dimensions();
  const AlignedArray<float> rotated = make_aligned_array<float>(kRotatedRows * rotation.kept());
  std::fill_n(head_codes_.get(), whole_tiles(count) * head_stride_, std::int8_t{0});
  std::fill_n(record_codes_.get(), count * kRecordQueryBytes, std::int8_t{0});
  heads_.reserve(count);
  records_.reserve(count);
  for (std::size_t at = 0; at < count; ++at) {
    const std::size_t row = at % kRotatedRows;
    if (row == 0)
      kernel.rotated.rotate_rows(rotation.matrix(), queries + at * n, kRotatedRows, rotated.get());
    prepare(rotation, queries + at * n, rotated.get() + row * rotation.kept());
  }
}

void RotatedQueries::prepare(const Rotation& rotation, const float* query, const float* rotated) {
  const std::size_t n = rotation.dimensions();
  const std::size_t head_length = rotation.head_dimensions();
  std::int8_t* codes = head_codes_.get() + heads_.size() * head_stride_;
  std::int8_t* laid_out = record_codes_.get() + records_.size() * kRecordQueryBytes;
  const std::span<const float> record_values(rotated + head_length, kRecordDimensions);
  std::int8_t record_codes[kRecordDimensions];
  const double norm = norm_of_query({query, n});
  if (std::isinf(norm)) {  // every bound is infinite or not a number
    heads_.push_back({codes, 0, 0, 0, 0, 0, 0, kInfinity});
    records_.push_back({laid_out, 0, 0, 0, 0, 0, kInfinity});
    return;
  }
  const QueryCodes lead = quantize_part({rotated, kLeadDimensions}, codes);
  const QueryCodes rest =
      quantize_part({rotated + kLeadDimensions, head_length - kLeadDimensions}, codes + kRestCodes);
  const QueryCodes record = quantize_part(record_values, record_codes);
  std::copy_n(record_codes, kRecordNibbleBytes, laid_out);
  std::copy_n(record_codes + kRecordNibbleBytes, kRecordNibbleBytes, laid_out + kRecordBytes);

  const double kept_norm = std::hypot(lead.norm, rest.norm, record.norm);
  const double beyond = rotation.norm_beyond(norm, kept_norm);
  const double rotation_error = rotation.product_error() * norm;
  const double rounding = kSlack * std::sqrt(static_cast<double>(n)) * norm;
  const double head_error = std::hypot(lead.error, rest.error) + rotation_error + rounding;
  const double lead_slack = 0.501 * std::sqrt(static_cast<double>(kLeadDimensions)) * lead.norm;
  const float head_beyond = rounded_up(std::hypot(record.norm, beyond) * kNormUp);
  heads_.push_back({codes, lead.scale, rounded_up(lead_slack - 128.0 * lead.scale * lead.code_sum),
                    rest.scale, -7.5F * rest.scale * static_cast<float>(rest.code_sum), rounded_up(rest.norm),
                    head_beyond, rounded_up(head_error)});
  records_.push_back({laid_out, record.scale, -7.5F * record.scale * static_cast<float>(record.code_sum),
                      rounded_up(record.norm), rounded_up(beyond), head_beyond, rounded_up(record.error)});
}

}  // namespace cosimo
