// The index against a model that keeps all rows and sorts them for each search.
#include "core/index/vector_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "support/check.h"
#include "support/index/model_rows.h"
#include "support/search/reference_search.h"
#include "support/search/snapshot_search.h"

namespace cosimo::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::mt19937_64 random_bits;

std::uint64_t below(std::uint64_t end) { return random_bits() % end; }

std::vector<Hit> search(const VectorIndex& index, const std::vector<float>& query, std::size_t top_k,
                        double threshold) {
  return search_now(index, query, top_k, threshold);
}

// Values are small multiples of 1/4, so that many scores are equal.
std::vector<float> random_vector(std::size_t dimensions) {
  std::vector<float> vector(dimensions);
  for (float& value : vector) value = static_cast<float>(static_cast<int>(below(9)) - 4) / 4;
  return vector;
}

bool agrees(const Snapshot& snapshot, const ModelRows& rows) {
  const std::vector<float> query = random_vector(rows.dimensions());
  const std::size_t top_k = below(rows.size() + 3);
  const double threshold =
      below(2) == 0 ? -kInfinity : static_cast<double>(static_cast<int>(below(33)) - 16) / 16;
  const Ranking ranking(rows, query, rows.size());
  return same_hits(search_snapshot(snapshot, query, top_k, threshold), ranking.answer(top_k, threshold));
}

// An index and its model, changed alike.
struct Twins {
  explicit Twins(std::size_t dimensions) : index(dimensions, active_search_kernel()), rows(dimensions) {}

  bool agree() const {
    const Snapshot snapshot = index.snapshot();
    return index.size() == rows.size() && index.sizes().rows == rows.size() && agrees(snapshot, rows);
  }

  std::uint64_t some_key() const { return rows.size() == 0 ? next_key : rows.key(below(rows.size())); }

  void add(std::size_t count) {
    std::vector<std::uint64_t> keys;
    std::vector<float> vectors;
    for (; count > 0; --count) {
      keys.push_back(next_key++);
      const std::vector<float> row = random_vector(rows.dimensions());
      rows.add(keys.back(), row);
      vectors.insert(vectors.end(), row.begin(), row.end());
    }
    index.add(keys, vectors);
  }

  void replace_one() {
    if (rows.size() == 0) return;
    const std::uint64_t old_key = some_key();
    const std::uint64_t new_key = below(2) == 0 ? old_key : next_key++;
    const std::vector<float> row = random_vector(rows.dimensions());
    rows.replace(old_key, new_key, row);
    index.replace(old_key, new_key, row);
  }

  // One key in ten is not in the index.
  bool remove_one() {
    const std::uint64_t key = below(10) == 0 ? next_key + 5 : some_key();
    const bool there = rows.remove(key);
    return index.remove(key) == there;
  }

  VectorIndex index;
  ModelRows rows;
  std::uint64_t next_key = 0;
};

void test_searches_agree_with_the_model(std::size_t dimensions) {
  Twins twins(dimensions);
  bool ok = true;
  for (int step = 0; step < 4000; ++step) {
    const std::uint64_t choice = below(100);
    if (choice == 0) {
      twins.add(below(300));
    } else if (choice < 50) {
      twins.replace_one();
    } else {
      ok = ok && twins.remove_one();
    }
    ok = ok && (step % 20 != 0 || twins.agree());
  }
  CHECK(ok);
}

void test_many_chunks_agree_with_the_model() {
  Twins twins(3);
  twins.add(3 * kRowsPerChunk + 7);
  for (int i = 0; i < 20; ++i) CHECK(twins.agree());
  while (twins.rows.size() > 500) CHECK(twins.remove_one());
  for (int i = 0; i < 20; ++i) CHECK(twins.agree());
  CHECK(twins.index.sizes().moved_rows > 0);
}

void test_an_emptied_index_can_be_filled_again() {
  Twins twins(5);
  for (int round = 0; round < 10; ++round) {
    twins.add(below(3000));
    CHECK(twins.agree());
    while (twins.rows.size() > 0) twins.remove_one();
    CHECK(twins.agree());
  }
}

void test_top_k_and_threshold_are_exact() {
  VectorIndex index(2, active_search_kernel());
  CHECK(search(index, {1, 0}, 5, -1e9).empty());
  const float one[] = {1, 0};
  for (const std::uint64_t key : {9, 3, 7}) index.add({&key, 1}, one);
  const auto ties = search(index, {1, 0}, 2, 1.0);
  CHECK(ties.size() == 2 && ties[0].key == 3 && ties[1].key == 7);
  CHECK(search(index, {1, 0}, 0, 0).empty());
  CHECK(search(index, {1, 0}, 1000000000000, 1.0).size() == 3);
  CHECK(search(index, {1, 0}, 3, std::nextafter(1.0, 2.0)).empty());
  CHECK(search(index, {1, 0}, 3, kInfinity).empty());
  // The threshold is compared with the float32 that is returned, not with the sum before rounding: 0.1F²
  // rounds up.
  const float tenth[] = {0.1F, 0};
  index.replace(9, 9, tenth);
  const float score = 0.1F * 0.1F;
  CHECK(search(index, {0.1F, 0}, 3, static_cast<double>(score)).back().score == score);
  CHECK(search(index, {0.1F, 0}, 3, std::nextafter(static_cast<double>(score), 1.0)).size() == 2);
}

void test_scores_saturate_at_the_largest_float() {
  VectorIndex index(1, active_search_kernel());
  const float largest = std::numeric_limits<float>::max();
  const std::uint64_t keys[] = {1, 2};
  const float rows[] = {largest, -largest};
  index.add(keys, rows);
  const auto hits = search(index, {largest}, 2, -kInfinity);
  CHECK(hits.size() == 2 && hits[0].score == largest && hits[1].score == -largest);
}

void test_the_most_dimensions_work() {
  Twins twins(kMaxDimensions);
  twins.add(33);
  for (int i = 0; i < 3; ++i) CHECK(twins.agree());
}

void test_a_refused_write_changes_nothing() {
  VectorIndex index(2, active_search_kernel());
  const float row[] = {1, 2};
  const float bad[] = {1, std::numeric_limits<float>::infinity()};
  const std::uint64_t keys[] = {5, 6, 5};
  const float rows[] = {1, 2, 3, 4, 5, 6};
  index.add({keys, 2}, {rows, 4});
  const auto invalid = [](const Error& error) { return error.code() == ErrorCode::invalid_argument; };
  const auto not_finite = [](const Error& error) { return error.code() == ErrorCode::not_finite; };
  const std::uint64_t twice[] = {7, 8, 7};
  const std::uint64_t fresh[] = {7, 5};
  CHECK(throws<Error>([&] { index.add(twice, rows); }, invalid));
  CHECK(throws<Error>([&] { index.add(fresh, {rows, 4}); }, invalid));
  CHECK(throws<Error>([&] { index.add({fresh, 1}, {rows, 3}); }, invalid));
  CHECK(throws<Error>([&] { index.add({fresh, 1}, {rows, 4}); }, invalid));
  CHECK(throws<Error>([&] { index.add({fresh, 1}, bad); }, not_finite));
  CHECK(throws<Error>([&] { index.replace(5, 7, bad); }, not_finite));
  CHECK(throws<Error>([&] { index.replace(5, 7, {rows, 3}); }, invalid));
  CHECK(throws<Error>([&] { index.replace(5, 6, row); }, invalid));
  CHECK(throws<Error>([&] { index.replace(9, 10, row); }, invalid));
  CHECK(throws<Error>([&] { index.replace(9, 9, row); }, invalid));
  CHECK(throws<Error>([] { VectorIndex none(0, active_search_kernel()); }, invalid));
  CHECK(throws<Error>([] { VectorIndex huge(kMaxDimensions + 1, active_search_kernel()); }, invalid));
  index.add({}, {});
  CHECK(index.size() == 2 && search(index, {1, 1}, 9, -1e9).size() == 2);
}

// Writes do not change a snapshot, and neither does compaction.
void test_a_snapshot_keeps_what_it_contains() {
  Twins twins(4);
  twins.add(2 * kRowsPerChunk + 100);
  const Snapshot snapshot = twins.index.snapshot();
  const ModelRows then = twins.rows;
  for (std::size_t i = 0; i < 3 * kRowsPerChunk; ++i) twins.replace_one();
  CHECK(agrees(snapshot, then) && twins.agree());
  while (twins.rows.size() > 0) twins.remove_one();
  CHECK(agrees(snapshot, then) && twins.agree());
  twins.add(kRowsPerChunk);
  CHECK(agrees(snapshot, then) && twins.agree());
}

void test_rows_never_move_when_the_index_grows() {
  Twins twins(7);
  twins.add(kRowsPerChunk / 2);
  const Snapshot before = twins.index.snapshot();
  const float* first = before.chunks()[0].rows->row(0);
  for (int i = 0; i < 40; ++i) twins.add(kRowsPerChunk / 2);
  const Snapshot after = twins.index.snapshot();
  CHECK(after.chunks()[0].rows->row(0) == first && after.chunks().size() == 21);
  CHECK(twins.index.sizes().moved_rows == 0);
}

// Adding takes the memory that was reserved, and no other but what lists and the map of keys need.
void test_reserved_memory_is_used() {
  constexpr std::size_t kLists = 200'000;  // bytes; a chunk has ten times as many
  Twins twins(384);
  const auto memory = [&twins] { return twins.index.sizes().memory_bytes; };
  const std::size_t empty = memory();
  twins.add(1);
  const std::size_t chunk = memory() - empty;
  CHECK(chunk > 10 * kLists);
  const std::size_t before = memory();
  twins.index.reserve(kRowsPerChunk - 1);  // they fit into the open chunk
  CHECK(memory() < before + kLists);
  twins.index.reserve(2 * kRowsPerChunk);
  twins.index.reserve(2 * kRowsPerChunk);  // counts anew
  const std::size_t reserved = memory();
  CHECK(reserved > before + 2 * chunk - kLists && reserved < before + 2 * chunk + kLists);
  const std::uint64_t held[] = {twins.rows.key(0)};
  CHECK(throws<Error>([&] { twins.index.add(held, random_vector(384)); },
                      [](const Error& error) { return error.code() == ErrorCode::invalid_argument; }));
  for (std::size_t at = 0; at < 2 * kRowsPerChunk; ++at) twins.add(1);
  CHECK(memory() < reserved + kLists);
  CHECK(twins.agree());
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  for (const std::size_t dimensions : {1, 7, 16, 50}) test_searches_agree_with_the_model(dimensions);
  test_many_chunks_agree_with_the_model();
  test_an_emptied_index_can_be_filled_again();
  test_top_k_and_threshold_are_exact();
  test_scores_saturate_at_the_largest_float();
  test_the_most_dimensions_work();
  test_a_refused_write_changes_nothing();
  test_reserved_memory_is_used();
  test_a_snapshot_keeps_what_it_contains();
  test_rows_never_move_when_the_index_grows();
  return finish();
}
