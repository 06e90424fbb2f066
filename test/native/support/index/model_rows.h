// The rows that an index should hold, with their keys, in no particular order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace cosimo::test {

class ModelRows {
 public:
  explicit ModelRows(std::size_t dimensions) : dimensions_(dimensions) {}

  std::size_t dimensions() const { return dimensions_; }
  std::size_t size() const { return keys_.size(); }
  std::uint64_t key(std::size_t at) const { return keys_[at]; }
  std::span<const float> row(std::size_t at) const { return {&values_[at * dimensions_], dimensions_}; }
  bool has(std::uint64_t key) const { return places_.contains(key); }

  void add(std::uint64_t key, std::span<const float> row) {
    places_.emplace(key, keys_.size());
    keys_.push_back(key);
    values_.insert(values_.end(), row.begin(), row.end());
  }

  /// The last row takes the place of the removed one.
  bool remove(std::uint64_t key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return false;
    const std::size_t place = found->second;
    places_.erase(found);
    const std::size_t last = keys_.size() - 1;
    if (place != last) {
      keys_[place] = keys_[last];
      std::copy_n(&values_[last * dimensions_], dimensions_, &values_[place * dimensions_]);
      places_[keys_[place]] = place;
    }
    keys_.pop_back();
    values_.resize(last * dimensions_);
    return true;
  }

  void replace(std::uint64_t old_key, std::uint64_t new_key, std::span<const float> row) {
    remove(old_key);
    add(new_key, row);
  }

 private:
  std::size_t dimensions_;
  std::vector<std::uint64_t> keys_;
  std::vector<float> values_;
  std::unordered_map<std::uint64_t, std::size_t> places_;
};

}  // namespace cosimo::test
