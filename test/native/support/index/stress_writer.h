// One of the writers of the stress test: it changes its own keys at random and notes what it does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/base/error.h"
#include "core/index/vector_index.h"
#include "support/check.h"
#include "support/index/write_history.h"

namespace cosimo::test {

using StressQueries = std::array<std::vector<float>, kStressQueries>;

class StressWriter {
 public:
  /// Its keys have key % kStressWriters == number.
  StressWriter(std::size_t number, VectorIndex& index, History& history, const StressQueries& queries,
               std::uint64_t seed)
      : number_(number), index_(index), history_(history), queries_(queries), random_bits_(seed) {
    for (std::vector<float>& center : centers_) center = gaussian(1.0F);
  }

  /// Grows or shrinks to `rows` rows, then makes `changes` changes. Returns early when the history is full.
  void work(std::size_t rows, std::size_t changes) {
    while (live_.size() != rows && has_room()) {
      if (below(20) == 0) {
        try_what_is_refused();
      } else if (below(8) == 0 && !live_.empty()) {
        replace();
      } else if (live_.size() < rows) {
        add(std::min(rows - live_.size(), some_count()));
      } else {
        remove();
      }
    }
    for (; changes > 0 && !live_.empty() && has_room(); --changes) {
      if (below(3) > 0) {
        replace();
      } else if (below(2) == 0) {
        remove();
      } else {
        add(1);
      }
    }
  }

  bool has_room() const { return history_.has_room_for(kMaxAtOnce); }
  int faults() const { return faults_; }

 private:
  static constexpr std::size_t kMaxAtOnce = 2500;  // rows: more than two chunks
  static constexpr std::uint64_t kKeys = 100'000;  // removed ones come again

  std::uint64_t below(std::uint64_t end) { return random_bits_() % end; }

  // Mostly one row.
  std::size_t some_count() {
    return below(4) > 0 ? 1 : below(60) > 0 ? 1 + below(40) : 1 + below(kMaxAtOnce);
  }

  std::vector<float> gaussian(float scale) {
    std::vector<float> row(index_.dimensions());
    for (float& value : row) value = scale * normal_(random_bits_);
    return row;
  }

  // A row near one of a few centers, or equal to it, so that scores tie.
  std::vector<float> some_row() {
    std::vector<float> row = gaussian(0.2F);
    const std::vector<float>& center = centers_[below(std::size(centers_))];
    if (below(10) == 0) return center;
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += center[i];
    return row;
  }

  std::uint64_t some_key() { return below(kKeys) * kStressWriters + number_; }
  std::uint64_t new_key() {
    std::uint64_t key = some_key();
    while (versions_.contains(key)) key = some_key();
    return key;
  }
  std::uint64_t live_key() { return live_[below(live_.size())]; }

  std::uint32_t note(std::uint64_t key, std::span<const float> row) {
    Version version{key, {}};
    for (std::size_t query = 0; query < kStressQueries; ++query)
      version.scores[query] = reference_score(queries_[query], row);
    return history_.note(version);
  }

  void enter(std::uint64_t key, std::uint32_t version) {
    versions_[key] = {version, live_.size()};
    live_.push_back(key);
  }

  std::uint32_t leave(std::uint64_t key) {
    const Live gone = versions_.at(key);
    versions_.erase(key);
    const std::uint64_t moved = live_.back();
    live_[gone.place] = moved;
    live_.pop_back();
    if (moved != key) versions_[moved].place = gone.place;
    return gone.version;
  }

  void add(std::size_t count) {
    std::vector<std::uint64_t> keys;
    std::vector<float> vectors;
    for (std::size_t i = 0; i < count; ++i) {
      keys.push_back(new_key());
      const std::vector<float> row = some_row();
      vectors.insert(vectors.end(), row.begin(), row.end());
      enter(keys.back(), note(keys.back(), row));
    }
    history_.begin(History::kNone, static_cast<std::uint32_t>(count));
    index_.add(keys, vectors);
    history_.end();
  }

  void replace() {
    const std::uint64_t old_key = live_key();
    const std::uint64_t key = below(2) == 0 ? old_key : new_key();
    const std::vector<float> row = some_row();
    const std::uint32_t removed = leave(old_key);
    enter(key, note(key, row));
    history_.begin(removed, 1);
    index_.replace(old_key, key, row);
    history_.end();
  }

  void remove() {
    const std::uint64_t key = live_key();
    history_.begin(leave(key), 0);
    if (!index_.remove(key)) ++faults_;
    history_.end();
  }

  // Refused writes change nothing, so they are not noted.
  void try_what_is_refused() {
    const std::uint64_t absent = new_key();
    if (index_.remove(absent)) ++faults_;
    const auto refused = [](const Error& error) { return error.code() == ErrorCode::invalid_argument; };
    const std::vector<float> row = some_row();
    if (!throws<Error>([&] { index_.replace(absent, absent, row); }, refused)) ++faults_;
    if (live_.empty()) return;
    const std::uint64_t present = live_key();
    if (!throws<Error>([&] { index_.add({&present, 1}, row); }, refused)) ++faults_;
  }

  struct Live {
    std::uint32_t version;
    std::size_t place;  // in live_
  };

  const std::uint64_t number_;
  VectorIndex& index_;
  History& history_;
  const StressQueries& queries_;
  std::mt19937_64 random_bits_;
  std::normal_distribution<float> normal_;
  std::vector<float> centers_[5];
  std::vector<std::uint64_t> live_;
  std::unordered_map<std::uint64_t, Live> versions_;
  int faults_ = 0;
};

}  // namespace cosimo::test
