// An index with a history of writes, and the model of its rows.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "core/index/vector_index.h"
#include "support/index/model_rows.h"
#include "support/index/row_source.h"

namespace cosimo::test {

class IndexedRows {
 public:
  IndexedRows(std::size_t dimensions, const SearchKernel& kernel, std::mt19937_64& random_bits)
      : index_(std::make_shared<VectorIndex>(dimensions, kernel, RotationPolicy::never)),
        model_(dimensions),
        random_bits_(random_bits) {}

  const std::shared_ptr<VectorIndex>& index() const { return index_; }
  const ModelRows& model() const { return model_; }

  /// Fills the index with `row_count` rows, in one of three ways: all at once; piece by piece with
  /// replacements in between; or more rows first, most of which are removed again, so that compaction moves
  /// some.
  void grow(RowSource& source, std::size_t row_count) {
    // Large sets are added at once: they have enough chunks as it is.
    const std::uint64_t past = row_count > 30'000 ? 0 : random_bits_() % 3;
    if (past == 2) {
      add(source, 2 * row_count + random_bits_() % 50);
      while (model_.size() > row_count / 2) remove_one();
    }
    while (model_.size() < row_count) {
      const std::size_t missing = row_count - model_.size();
      add(source, past == 0 ? missing : 1 + random_bits_() % missing);
      if (past != 0) churn(source, random_bits_() % 40);
    }
  }

 private:
  // Ascending, descending or random: among equal scores the key decides, not the place.
  std::uint64_t new_key() {
    const std::uint64_t number = next_key_++;
    if (key_order_ == 0) return number;
    if (key_order_ == 1) return ~number;
    return (number + 1) * 0x9e3779b97f4a7c15U;
  }

  void add(RowSource& source, std::size_t count) {
    std::vector<std::uint64_t> keys;
    std::vector<float> vectors;
    for (; count > 0; --count) {
      keys.push_back(new_key());
      const std::vector<float> row = source.row();
      vectors.insert(vectors.end(), row.begin(), row.end());
      model_.add(keys.back(), row);
    }
    index_->add(keys, vectors);
  }

  std::uint64_t some_key() { return model_.key(random_bits_() % model_.size()); }

  void remove_one() {
    const std::uint64_t key = some_key();
    model_.remove(key);
    index_->remove(key);
  }

  void churn(RowSource& source, std::size_t steps) {
    for (; steps > 0 && model_.size() > 0; --steps) {
      if (random_bits_() % 4 == 0) {
        remove_one();
        continue;
      }
      const std::uint64_t old_key = some_key();
      const std::uint64_t key = random_bits_() % 2 == 0 ? old_key : new_key();
      const std::vector<float> row = source.row();
      model_.replace(old_key, key, row);
      index_->replace(old_key, key, row);
    }
  }

  std::shared_ptr<VectorIndex> index_;
  ModelRows model_;
  std::mt19937_64& random_bits_;
  std::uint64_t next_key_ = 0;
  const std::uint64_t key_order_ = random_bits_() % 3;
};

}  // namespace cosimo::test
