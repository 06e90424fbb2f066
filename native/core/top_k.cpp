#include "core/top_k.h"

#include <algorithm>
#include <utility>

namespace cosimo {

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
