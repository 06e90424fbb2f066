// The k best hits seen so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cosimo {

struct Hit {
  float score;
  std::uint64_t key;
};

/// The order of results: higher score first, the smaller key first among equal scores.
inline bool ranks_before(const Hit& a, const Hit& b) noexcept {
  return a.score > b.score || (a.score == b.score && a.key < b.key);
}

/// The inner product as results carry it: rounded once to float32, saturated at ±FLT_MAX, so always finite.
float round_score(double sum) noexcept;

/// Keeps the `limit` best of the offered hits that reach `threshold`. Scores are finite. One thread at a
/// time. Memory grows with the hits, up to `limit`.
class TopK {
 public:
  TopK(std::size_t limit, double threshold) noexcept;

  /// Throws std::bad_alloc.
  void offer(Hit hit) {
    if (static_cast<double>(hit.score) < threshold_) return;
    if (hits_.size() < limit_) {
      grow(hit);
    } else if (limit_ > 0 && ranks_before(hit, hits_.front())) {
      replace_worst(hit);
    }
  }

  /// A hit that scores less would not be kept; one that scores the same may be.
  float score_threshold() const noexcept {
    return limit_ == 0 || hits_.size() < limit_ ? lowest_ : hits_.front().score;
  }

  std::size_t limit() const noexcept { return limit_; }

  /// Offers all hits of another. Throws std::bad_alloc.
  void merge(const TopK& other) {
    for (const Hit& hit : other.hits_) offer(hit);
  }

  /// Moves the hits out, best first.
  std::vector<Hit> take_sorted();

 private:
  void grow(Hit hit);
  void replace_worst(Hit hit) noexcept;

  std::size_t limit_;
  double threshold_;
  float lowest_;           // the largest float that is not above threshold_; infinity when limit_ is 0
  std::vector<Hit> hits_;  // a heap with the worst hit in front
};

}  // namespace cosimo
