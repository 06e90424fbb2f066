// Rows with the tightest possible bounds. The query equals its codes, and the row's error, row minus codes,
// is parallel to the query. Then only the slack of the bound covers float rounding, and a norm that is too
// small shows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

namespace cosimo::test {

/// A query that equals its codes: whole numbers with a largest magnitude of 127. The first is 0; rows have
/// their largest value there.
inline std::vector<float> whole_numbers(std::size_t dimensions, std::mt19937_64& random_bits) {
  std::vector<float> query(dimensions);
  for (float& value : query) value = static_cast<float>(static_cast<int>(random_bits() % 255) - 127);
  query.back() = 127.0F;
  query.front() = 0.0F;
  return query;
}

/// A scale from 0.1 to 1.9; products with it are rounded.
inline double some_scale(std::mt19937_64& random_bits) {
  return 0.1 + static_cast<double>(random_bits() % 1'800'000) / 1'000'000;
}

/// For a query of whole_numbers: codes near to the query's, plus an error of at most 0.0038 · 127 < 1/2.
inline std::vector<float> tight_row(const std::vector<float>& query, std::mt19937_64& random_bits) {
  const double scale = some_scale(random_bits);
  std::vector<float> row;
  for (const float value : query) {
    const double code =
        std::clamp(static_cast<double>(value) + static_cast<double>(random_bits() % 81) - 40, -126.0, 126.0);
    row.push_back(static_cast<float>(scale * (code + 0.0038 * static_cast<double>(value))));
  }
  row.front() = static_cast<float>(scale * 127);
  return row;
}

/// A query for the upper plane: whole numbers, each followed by its negative.
inline std::vector<float> opposed_pairs(std::size_t dimensions, std::mt19937_64& random_bits) {
  std::vector<float> query(dimensions, 0.0F);
  for (std::size_t i = 0; i + 1 < dimensions; i += 2) {
    query[i] = static_cast<float>(static_cast<int>(random_bits() % 255) - 127);
    if (i == 0) query[i] = 120.0F;  // 119.5 + 0.06 · 120 is the largest of a row
    if (i == 2) query[i] = 127.0F;
    query[i + 1] = -query[i];
  }
  return query;
}

/// For a query of opposed_pairs. Both values of a pair have the same upper nibble, so that the row by its
/// upper plane is orthogonal to the query. The rest is at most 0.06 · 127 < 8 and does not change the nibble.
inline std::vector<float> tight_upper_row(const std::vector<float>& query, std::mt19937_64& random_bits) {
  const double scale = some_scale(random_bits);
  std::vector<float> row(query.size(), 0.0F);
  for (std::size_t i = 0; i + 1 < row.size(); i += 2) {
    const double nibble = i == 0 ? 15.0 : 1.0 + static_cast<double>(random_bits() % 14);
    for (const std::size_t at : {i, i + 1})
      row[at] = static_cast<float>(scale * (16 * nibble - 120.5 + 0.06 * static_cast<double>(query[at])));
  }
  return row;
}

}  // namespace cosimo::test
