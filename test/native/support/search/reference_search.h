// The right answers of searches, computed independently: without kernels, without bounds, and of core only
// with Hit.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/search/top_k.h"
#include "support/index/model_rows.h"

namespace cosimo::test {

/// The inner product in double, added in the order that search_kernel.h prescribes.
inline double reference_sum(std::span<const float> query, std::span<const float> row) {
  constexpr std::size_t kWidth = 16;
  double lanes[kWidth] = {};
  std::size_t i = 0;
  for (; i + kWidth <= row.size(); i += kWidth) {
    for (std::size_t j = 0; j < kWidth; ++j)
      lanes[j] += static_cast<double>(query[i + j]) * static_cast<double>(row[i + j]);
  }
  for (std::size_t j = 0; i + j < row.size(); ++j)
    lanes[j] += static_cast<double>(query[i + j]) * static_cast<double>(row[i + j]);
  for (std::size_t half = kWidth / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

/// Rounded once to float32 and never infinite.
inline float reference_score(std::span<const float> query, std::span<const float> row) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const double sum = reference_sum(query, row);
  if (sum >= static_cast<double>(kLargest)) return kLargest;
  if (sum <= -static_cast<double>(kLargest)) return -kLargest;
  return static_cast<float>(sum);
}

/// Higher score first, among equals the smaller key.
inline bool reference_order(const Hit& a, const Hit& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.key < b.key;
}

/// The same keys in the same order with the same bits of score.
inline bool same_hits(std::span<const Hit> a, std::span<const Hit> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Hit& x, const Hit& y) {
    return x.key == y.key && std::bit_cast<std::uint32_t>(x.score) == std::bit_cast<std::uint32_t>(y.score);
  });
}

/// The `most` best of all rows for one query, in order. Answers every top_k up to `most` and every threshold.
class Ranking {
 public:
  Ranking(const ModelRows& rows, std::span<const float> query, std::size_t most) {
    hits_.reserve(rows.size());
    for (std::size_t at = 0; at < rows.size(); ++at)
      hits_.push_back({reference_score(query, rows.row(at)), rows.key(at)});
    const std::size_t kept = std::min(most, hits_.size());
    std::partial_sort(hits_.begin(), hits_.begin() + static_cast<std::ptrdiff_t>(kept), hits_.end(),
                      reference_order);
    hits_.resize(kept);
  }

  std::span<const Hit> hits() const { return hits_; }

  std::span<const Hit> answer(std::size_t top_k, double threshold) const {
    std::size_t count = 0;
    while (count < std::min(top_k, hits_.size()) && static_cast<double>(hits_[count].score) >= threshold)
      ++count;
    return {hits_.data(), count};
  }

 private:
  std::vector<Hit> hits_;
};

}  // namespace cosimo::test
