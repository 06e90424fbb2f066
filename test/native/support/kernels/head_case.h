// Heads of rotated rows and of queries whose bounds are known.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/aligned_array.h"
#include "kernels/search/search_kernel.h"
#include "support/kernels/random_rows.h"
#include "support/kernels/upper_half.h"

namespace cosimo::test {

/// What a block keeps of a row.
struct HeadNumbers {
  float lead_scale;
  float scale;
  float residual;
  float beyond;
};

struct HeadBound {
  double value;
  double size;  // of all its terms
};

inline float random_integer(std::int64_t least, std::int64_t most) {
  return static_cast<float>(least + static_cast<std::int64_t>(random_below(most - least + 1)));
}

/// Chooses a code from least to most.
using ChooseCode = std::int32_t(std::int32_t least, std::int32_t most);

inline std::int32_t any_code(std::int32_t least, std::int32_t most) {
  return least + static_cast<std::int32_t>(random_below(most - least + 1));
}
inline std::int32_t extreme_code(std::int32_t least, std::int32_t most) {
  return random_below(2) == 0 ? least : most;
}
inline std::int32_t least_code(std::int32_t least, std::int32_t) { return least; }
inline std::int32_t largest_code(std::int32_t, std::int32_t most) { return most; }

/// Blocks of heads and queries. All numbers are integers, and no sum of terms reaches 2²⁴: every bound is
/// exact in float32, in whatever order it is computed.
class HeadCase {
 public:
  HeadCase(std::size_t dimensions, std::size_t blocks, std::size_t queries, ChooseCode* row_code,
           ChooseCode* query_code)
      : dimensions_(dimensions),
        lines_(lines_of_head(dimensions)),
        stride_(code_stride_of_head(dimensions)),
        blocks_(blocks),
        norm_(random_integer(1, 15)),
        row_codes_(row_count() * dimensions),
        query_codes_(queries * dimensions),
        numbers_(row_count()),
        queries_(queries),
        bytes_(make_aligned_array<std::uint8_t>(blocks * block_bytes())),
        codes_(make_aligned_array<std::int8_t>(whole_tiles() * stride_)) {
    for (std::size_t i = 0; i < row_codes_.size(); ++i)
      row_codes_[i] = row_code(0, i % dimensions < kLeadDimensions ? 255 : 15);
    for (std::int32_t& code : query_codes_) code = query_code(-127, 127);
    const std::int64_t most = dimensions <= 512 ? 3 : 1;
    for (HeadNumbers& row : numbers_)
      row = {random_integer(1, most), random_integer(1, most), random_integer(0, 255),
             random_integer(0, 255)};
    for (HeadQuery& query : queries_) {
      query = {nullptr,
               random_integer(1, most),
               random_integer(-9999, 9999),
               random_integer(1, most),
               random_integer(-9999, 9999),
               random_integer(1, 15),
               random_integer(1, 15),
               random_integer(1, 15)};
    }
    add_products();
    lay_out();
  }

  std::size_t blocks() const { return blocks_; }
  std::size_t row_count() const { return blocks_ * kBlockRows; }
  std::size_t query_count() const { return queries_.size(); }

  /// To be followed by lay_out().
  HeadNumbers& numbers(std::size_t row) { return numbers_[row]; }
  HeadQuery& query(std::size_t at) { return queries_[at]; }
  float& norm() { return norm_; }

  /// Writes rows, their numbers and queries as kernels read them. Any bytes follow the codes of the last
  /// query.
  void lay_out() {
    std::fill_n(bytes_.get(), blocks_ * block_bytes(), std::uint8_t{0});
    for (std::size_t row = 0; row < row_count(); ++row) lay_out_row(row);
    for (std::size_t i = 0; i < whole_tiles() * stride_; ++i)
      codes_[i] = static_cast<std::int8_t>(random_below(256));
    for (std::size_t query = 0; query < queries_.size(); ++query) {
      std::int8_t* codes = codes_.get() + query * stride_;
      std::fill_n(codes, stride_, std::int8_t{0});
      for (std::size_t i = 0; i < dimensions_; ++i)
        codes[i < kLeadDimensions ? i : kRestCodes + i - kLeadDimensions] =
            static_cast<std::int8_t>(query_codes_[query * dimensions_ + i]);
      queries_[query].codes = codes;
    }
  }

  HeadBlocks heads() const { return {lines_, bytes_.get(), norm_}; }
  std::size_t code_stride() const { return stride_; }
  /// The first `count` queries, allocated exactly.
  std::vector<HeadQuery> queries(std::size_t count) const {
    return {queries_.begin(), queries_.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  HeadBound bound(std::size_t query, std::size_t row) const {
    const HeadQuery& of = queries_[query];
    const HeadNumbers& numbers = numbers_[row];
    const Products& products = products_[query * row_count() + row];
    const double terms[] = {product(of.lead_factor, products.lead) * numbers.lead_scale,
                            product(of.lead_offset, numbers.lead_scale),
                            product(of.factor, products.rest) * numbers.scale,
                            product(of.offset, numbers.scale),
                            product(of.norm, numbers.residual),
                            product(of.beyond_norm, numbers.beyond),
                            product(of.error, norm_)};
    HeadBound made{0, 0};
    for (const double term : terms) {
      made.value += term;
      made.size += std::fabs(term);
    }
    return made;
  }

 private:
  // Σ codes · row codes, exact.
  struct Products {
    double lead;
    double rest;
  };

  static double product(double a, double b) { return a * b; }

  std::size_t block_bytes() const { return lines_ * kLineBytes + kHeadStatisticsBytes; }
  std::size_t whole_tiles() const { return (queries_.size() + kQueryTile - 1) / kQueryTile * kQueryTile; }

  void add_products() {
    for (std::size_t query = 0; query < queries_.size(); ++query) {
      const std::int32_t* codes = query_codes_.data() + query * dimensions_;
      for (std::size_t row = 0; row < row_count(); ++row) {
        const std::int32_t* of_row = row_codes_.data() + row * dimensions_;
        std::int32_t lead = 0;
        std::int32_t rest = 0;
        for (std::size_t i = 0; i < kLeadDimensions; ++i) lead += codes[i] * of_row[i];
        for (std::size_t i = kLeadDimensions; i < dimensions_; ++i) rest += codes[i] * of_row[i];
        products_.push_back({static_cast<double>(lead), static_cast<double>(rest)});
      }
    }
  }

  // Dimension i of a part whose lines begin at `lines`.
  static void lay_out_nibble(std::uint8_t* lines, std::size_t row, std::size_t i, std::int32_t nibble) {
    lines[i / 8 * kLineBytes + 4 * row + i % 4] |=
        static_cast<std::uint8_t>(i % 8 < 4 ? nibble : nibble << 4);
  }

  void lay_out_row(std::size_t row) {
    const std::size_t r = row % kBlockRows;
    std::uint8_t* block = bytes_.get() + row / kBlockRows * block_bytes();
    const std::int32_t* codes = row_codes_.data() + row * dimensions_;
    for (std::size_t i = 0; i < kLeadDimensions; ++i) {
      lay_out_nibble(block, r, i, codes[i] >> 4);
      lay_out_nibble(block + 2 * kLineBytes, r, i, codes[i] & 15);
    }
    for (std::size_t i = kLeadDimensions; i < dimensions_; ++i)
      lay_out_nibble(block + 4 * kLineBytes, r, i - kLeadDimensions, codes[i]);
    const HeadNumbers& of = numbers_[row];
    std::uint8_t* at = block + lines_ * kLineBytes + 2 * r;
    for (const float number : {of.lead_scale, of.scale, of.residual, of.beyond}) {
      write_upper_half(number, at);
      at += 2 * kBlockRows;
    }
  }

  std::size_t dimensions_;
  std::size_t lines_;
  std::size_t stride_;
  std::size_t blocks_;
  float norm_;
  std::vector<std::int32_t> row_codes_;    // [row][dimension]
  std::vector<std::int32_t> query_codes_;  // [query][dimension]
  std::vector<HeadNumbers> numbers_;
  std::vector<HeadQuery> queries_;
  std::vector<Products> products_;  // [query][row]
  AlignedArray<std::uint8_t> bytes_;
  AlignedArray<std::int8_t> codes_;
};

}  // namespace cosimo::test
