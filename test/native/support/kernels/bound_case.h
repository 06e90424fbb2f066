// Rows and queries whose bounds are known.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/kernels/random_rows.h"
#include "support/kernels/reference_codes.h"

namespace cosimo::test {

/// A code of a row or query, and a code at an end of the range.
inline std::int32_t random_code() { return static_cast<std::int32_t>(random_below(255)) - 127; }
inline std::int32_t random_extreme_code() { return random_below(2) == 0 ? 127 : -127; }

/// Rows and queries with random codes, and the sums of products of all pairs. All scales are 1, residuals and
/// norms 0, so that a bound is the sum itself.
struct BoundCase {
  BoundCase(std::size_t dimensions, std::size_t blocks, std::size_t query_count, std::int32_t (*code)())
      : rows(dimensions, blocks), queries(dimensions, query_count) {
    for (std::size_t i = 0; i < dimensions; ++i) {
      for (std::size_t row = 0; row < rows.row_count(); ++row) rows.set_code(row, i, code());
      for (std::size_t query = 0; query < query_count; ++query) queries.set_code(query, i, code());
    }
    std::fill_n(rows.scale(), rows.row_count(), 1.0F);
    std::fill_n(rows.upper_scale(), rows.row_count(), 1.0F);
    multiply();
  }

  /// Computes the products again, after codes have changed.
  void multiply() {
    products.clear();
    for (std::size_t query = 0; query < queries.count(); ++query) {
      for (std::size_t row = 0; row < rows.row_count(); ++row)
        products.push_back(products_of(queries, query, rows, row));
    }
  }

  const Products& of(std::size_t query, std::size_t row) const {
    return products[query * rows.row_count() + row];
  }

  CodeStore rows;
  QueryStore queries;
  std::vector<Products> products;
};

}  // namespace cosimo::test
