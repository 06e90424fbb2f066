// An index learns a rotation while writers write and searches read. Small enough for every sanitizer.
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include "core/index/vector_index.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/rotation/rotated_index.h"
#include "support/search/reference_search.h"
#include "support/search/snapshot_search.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 256;
constexpr std::size_t kTopK = 10;
constexpr std::size_t kWriters = 2;

// These are there from the beginning to the end; others come and go. A key always has the same row.
constexpr std::size_t kStableKeys = kRowsPerChunk + 100;
constexpr std::size_t kKeysPerWriter = kRowsPerChunk / 2;
constexpr std::size_t kKeys = kStableKeys + kWriters * kKeysPerWriter;

// Unit rows whose first dimensions are longest.
ModelRows falling_rows() {
  ModelRows rows(kDimensions);
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    std::vector<float> row(kDimensions);
    double squares = 0;
    for (std::size_t i = 0; i < kDimensions; ++i) {
      row[i] = random_normal() / static_cast<float>(1 + i);
      squares += static_cast<double>(row[i]) * row[i];
    }
    for (float& value : row) value /= static_cast<float>(std::sqrt(squares));
    rows.add(key, row);
  }
  return rows;
}

ModelRows first_rows(const ModelRows& rows, std::size_t count) {
  ModelRows first(kDimensions);
  for (std::size_t at = 0; at < count; ++at) first.add(rows.key(at), rows.row(at));
  return first;
}

class Beside {
 public:
  explicit Beside(const ModelRows& rows) : rows_(rows), live_(kKeys) {
    for (std::uint64_t key = 0; key < kStableKeys; ++key) add(key);
    const ModelRows stable = first_rows(rows, kStableKeys);
    for (int at = 0; at < 8; ++at) {
      queries_.push_back(near_to(rows.row(random_below(kKeys)), 0.01F));
      stable_.emplace_back(stable, queries_.back(), kStableKeys);
    }
  }

  VectorIndex& index() { return index_; }

  // Adds and removes keys of its own until `over`. Pauses let the thread that learns go on, whose priority is
  // the lowest.
  void write(std::size_t writer, const std::atomic<bool>& over) {
    const std::uint64_t first = kStableKeys + writer * kKeysPerWriter;
    for (std::uint64_t step = 0; !over; ++step) {
      const std::uint64_t key = first + step * 7 % kKeysPerWriter;
      live_[key] ? remove(key) : add(key);
      if (step % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  // Searches until `over`. Returns how many answers were wrong for every set of live rows.
  std::size_t read(const std::atomic<bool>& over) {
    std::size_t wrong = 0;
    for (std::size_t at = 0; !over; ++at) {
      const std::size_t query = at % queries_.size();
      if (!is_possible(search_now(index_, queries_[query], kTopK, -2), query)) ++wrong;
      ++answers_;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return wrong;
  }
  std::size_t answers() const { return answers_; }

  // After the writers have ended.
  std::size_t wrong_answers() const {
    ModelRows live(kDimensions);
    for (std::uint64_t key = 0; key < kKeys; ++key) {
      if (live_[key]) live.add(key, rows_.row(key));
    }
    std::size_t wrong = 0;
    for (const std::vector<float>& query : queries_) {
      if (!same_hits(search_now(index_, query, kTopK, -2), Ranking(live, query, kTopK).hits())) ++wrong;
    }
    return wrong;
  }

 private:
  void add(std::uint64_t key) {
    index_.add({&key, 1}, rows_.row(key));
    live_[key] = 1;
  }
  void remove(std::uint64_t key) {
    index_.remove(key);
    live_[key] = 0;
  }

  // Each hit has its row's score, and no stable row that scores as much as the last hit is missing.
  bool is_possible(const std::vector<Hit>& hits, std::size_t query) const {
    if (hits.size() != kTopK) return false;
    std::size_t stable_hits = 0;
    for (std::size_t at = 0; at < hits.size(); ++at) {
      const Hit right = {reference_score(queries_[query], rows_.row(hits[at].key)), hits[at].key};
      if (!same_hits({&right, 1}, {&hits[at], 1})) return false;
      if (at > 0 && !reference_order(hits[at - 1], hits[at])) return false;
      if (right.key < kStableKeys && stable_[query].hits()[stable_hits++].key != right.key) return false;
    }
    return reference_order(hits.back(), stable_[query].hits()[stable_hits]) || stable_hits == kTopK;
  }

  const ModelRows& rows_;
  std::vector<char> live_;  // by key; each belongs to one thread
  std::vector<std::vector<float>> queries_;
  std::vector<Ranking> stable_;  // all stable rows, for each query
  std::size_t answers_ = 0;
  VectorIndex index_{kDimensions, active_search_kernel(), RotationPolicy::always};
};

void test_learning_completes_while_writers_write() {
  const ModelRows rows = falling_rows();
  Beside beside(rows);
  std::atomic<bool> over{false};
  std::size_t wrong = 0;
  std::vector<std::thread> threads;
  for (std::size_t writer = 0; writer < kWriters; ++writer)
    threads.emplace_back([&, writer] { beside.write(writer, over); });
  threads.emplace_back([&] { wrong = beside.read(over); });
  // Beside other programs it may take long.
  const bool is_rotated =
      wait_for([&] { return beside.index().sizes().rotated_rows > 0; }, std::chrono::seconds(200));
  over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(is_rotated);
  CHECK(beside.index().sizes().rotations >= 1);
  CHECK(wrong == 0 && beside.answers() > 0);
  CHECK(beside.wrong_answers() == 0);
  std::printf("%zu answers beside learning\n", beside.answers());
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  test_learning_completes_while_writers_write();
  return finish();
}
