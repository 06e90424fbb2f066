#include "core/search/top_k.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace cosimo {
namespace {

float largest_float_up_to(double value) noexcept {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kLargest = std::numeric_limits<float>::max();
  if (value >= static_cast<double>(kLargest)) return kLargest;
  if (value < -static_cast<double>(kLargest)) return -kInfinity;
  const auto nearest = static_cast<float>(value);
  return static_cast<double>(nearest) > value ? std::nextafter(nearest, -kInfinity) : nearest;
}

}  // namespace

float round_score(double sum) noexcept {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(sum, -kLargest, kLargest));
}

TopK::TopK(std::size_t limit, double threshold) noexcept
    : limit_(limit),
      threshold_(threshold),
      lowest_(limit == 0 ? std::numeric_limits<float>::infinity() : largest_float_up_to(threshold)) {}

void TopK::grow(Hit hit) {
  hits_.push_back(hit);
  std::push_heap(hits_.begin(), hits_.end(), ranks_before);
}

void TopK::replace_worst(Hit hit) noexcept {
  std::pop_heap(hits_.begin(), hits_.end(), ranks_before);
  hits_.back() = hit;
  std::push_heap(hits_.begin(), hits_.end(), ranks_before);
}

std::vector<Hit> TopK::take_sorted() {
  std::sort_heap(hits_.begin(), hits_.end(), ranks_before);
  return std::exchange(hits_, {});
}

}  // namespace cosimo
