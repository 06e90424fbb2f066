// The index against a model that keeps everything in a map and sorts it all.
#include "core/vector_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "check.h"
#include "core/error.h"
#include "core/scan.h"
#include "kernels/dispatch.h"

namespace cosimo::test {
namespace {

std::mt19937_64 random_bits;

using Rows = std::map<std::uint64_t, std::vector<float>>;

std::vector<Hit> search_pinned(const VectorIndex& index, const Pin& pin, const std::vector<float>& query,
                               std::size_t top_k, double threshold) {
  const PreparedQuery prepared(query, index.stride());
  TopK best(top_k, threshold);
  for (const auto& chunk : pin.chunks()) scan_chunk(*chunk, pin.sequence(), prepared, active_kernel(), best);
  return best.take_sorted();
}

std::vector<Hit> search(const VectorIndex& index, const std::vector<float>& query, std::size_t top_k,
                        double threshold) {
  const Pin pin(index.publication());
  return search_pinned(index, pin, query, top_k, threshold);
}

// Values are small multiples of 1/4, so that sums are exact and ties are many.
std::vector<float> random_vector(std::size_t dimensions) {
  std::vector<float> vector(dimensions);
  for (float& value : vector) value = static_cast<float>(static_cast<int>(random_bits() % 9) - 4) / 4;
  return vector;
}

std::vector<Hit> search_model(const Rows& rows, const std::vector<float>& query, std::size_t top_k,
                              double threshold) {
  std::vector<Hit> hits;
  for (const auto& [key, row] : rows) {
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) sum += static_cast<double>(row[i]) * query[i];
    if (sum >= threshold) hits.push_back({static_cast<float>(sum), key});
  }
  std::sort(hits.begin(), hits.end(), ranks_before);
  if (hits.size() > top_k) hits.resize(top_k);
  return hits;
}

bool same(const std::vector<Hit>& a, const std::vector<Hit>& b) {
  const auto equal = [](const Hit& x, const Hit& y) { return x.key == y.key && x.score == y.score; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

bool agrees(const VectorIndex& index, const Rows& rows) {
  const std::vector<float> query = random_vector(index.dimensions());
  const std::size_t top_k = random_bits() % (rows.size() + 3);
  const double threshold = random_bits() % 2 == 0
                               ? -std::numeric_limits<double>::infinity()
                               : static_cast<double>(static_cast<int>(random_bits() % 33) - 16) / 16;
  return index.size() == rows.size() &&
         same(search(index, query, top_k, threshold), search_model(rows, query, top_k, threshold));
}

struct Model {
  VectorIndex index;
  Rows rows;
  std::uint64_t next_key = 0;

  std::uint64_t some_key() const {
    auto at = rows.lower_bound(random_bits() % (next_key + 1));
    return at != rows.end() ? at->first : next_key + 1000;
  }

  void add_some() {
    std::vector<std::uint64_t> keys;
    std::vector<float> vectors;
    for (std::size_t count = random_bits() % 40; count > 0; --count) {
      keys.push_back(next_key++);
      const std::vector<float>& row = rows[keys.back()] = random_vector(index.dimensions());
      vectors.insert(vectors.end(), row.begin(), row.end());
    }
    index.add(keys, vectors);
  }

  void replace_one() {
    const std::uint64_t old_key = some_key();
    if (rows.erase(old_key) == 0) return;
    const std::uint64_t new_key = random_bits() % 2 == 0 ? old_key : next_key++;
    rows[new_key] = random_vector(index.dimensions());
    index.replace(old_key, new_key, rows[new_key]);
  }

  bool remove_one() {
    const std::uint64_t key = some_key();
    return index.remove(key) == (rows.erase(key) == 1);
  }
};

void test_against_model(std::size_t dimensions) {
  Model model{VectorIndex(dimensions), {}, 0};
  bool ok = true;
  for (int step = 0; step < 1500; ++step) {
    const std::uint64_t choice = random_bits() % 20;
    if (choice == 0) {
      model.add_some();
    } else if (choice < 10) {
      model.replace_one();
    } else {
      ok = ok && model.remove_one();
    }
    ok = ok && (step % 10 != 0 || agrees(model.index, model.rows));
  }
  CHECK(ok);
}

void test_many_chunks() {
  Model model{VectorIndex(3), {}, 0};
  std::vector<std::uint64_t> keys;
  std::vector<float> vectors;
  for (; model.next_key < 3 * kRowsPerChunk + 7; ++model.next_key) {
    keys.push_back(model.next_key);
    const auto& row = model.rows[model.next_key] = random_vector(3);
    vectors.insert(vectors.end(), row.begin(), row.end());
  }
  model.index.add(keys, vectors);
  for (int i = 0; i < 20; ++i) CHECK(agrees(model.index, model.rows));
}

void test_limits() {
  VectorIndex index(2);
  CHECK(search(index, {1, 0}, 5, -1e9).empty());
  const float one[] = {1, 0};
  for (const std::uint64_t key : {9, 3, 7}) index.add({&key, 1}, one);
  const auto ties = search(index, {1, 0}, 2, 1.0);
  CHECK(ties.size() == 2 && ties[0].key == 3 && ties[1].key == 7);
  CHECK(search(index, {1, 0}, 0, 0).empty());
  CHECK(search(index, {1, 0}, 1000000000000, 1.0).size() == 3);
  CHECK(search(index, {1, 0}, 3, std::nextafter(1.0, 2.0)).empty());
  // The threshold meets the float32 that is returned, not the sum before rounding: 0.1F² rounds upwards.
  const float tenth[] = {0.1F, 0};
  index.replace(9, 9, tenth);
  const float score = 0.1F * 0.1F;
  CHECK(search(index, {0.1F, 0}, 3, static_cast<double>(score)).back().score == score);
  CHECK(search(index, {0.1F, 0}, 3, std::nextafter(static_cast<double>(score), 1.0)).size() == 2);
}

void test_saturation() {
  VectorIndex index(1);
  const float largest = std::numeric_limits<float>::max();
  const std::uint64_t keys[] = {1, 2};
  const float rows[] = {largest, -largest};
  index.add(keys, rows);
  const auto hits = search(index, {largest}, 2, -std::numeric_limits<double>::infinity());
  CHECK(hits.size() == 2 && hits[0].score == largest && hits[1].score == -largest);
}

void test_refusals() {
  VectorIndex index(2);
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
  CHECK(throws<Error>([&] { index.add({fresh, 1}, bad); }, not_finite));
  CHECK(throws<Error>([&] { index.replace(5, 7, bad); }, not_finite));
  CHECK(throws<Error>([&] { index.replace(5, 6, row); }, invalid));
  CHECK(throws<Error>([&] { index.replace(9, 10, row); }, invalid));
  CHECK(throws<Error>([] { VectorIndex none(0); }, invalid));
  CHECK(throws<Error>([] { VectorIndex huge(kMaxDimensions + 1); }, invalid));
  CHECK(index.size() == 2 && search(index, {1, 1}, 9, -1e9).size() == 2);
}

void test_slot_reuse() {
  VectorIndex index(4);
  const std::vector<float> row(4, 1.0F);
  std::uint64_t key = 0;
  index.add({&key, 1}, row);
  const std::size_t bytes = index.memory_bytes();
  for (; key < 5 * kRowsPerChunk; ++key) index.replace(key, key + 1, row);
  CHECK(index.memory_bytes() == bytes);  // five chunks' worth of rows went through one chunk

  const std::uint64_t pinned_key = key;
  std::optional<Pin> pin(index.publication());
  for (const std::uint64_t end = key + kRowsPerChunk; key < end; ++key) index.replace(key, key + 1, row);
  CHECK(index.memory_bytes() > bytes);  // nothing that the pin may see was overwritten …
  const auto seen = search_pinned(index, *pin, row, 10, 0);
  CHECK(seen.size() == 1 && seen[0].key == pinned_key);
  pin.reset();
  const std::size_t grown = index.memory_bytes();
  for (const std::uint64_t end = key + 5 * kRowsPerChunk; key < end; ++key) index.replace(key, key + 1, row);
  CHECK(index.memory_bytes() == grown);  // … and all of it comes back afterwards
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  for (const std::size_t dimensions : {1, 7, 16, 50}) test_against_model(dimensions);
  test_many_chunks();
  test_limits();
  test_saturation();
  test_refusals();
  test_slot_reuse();
  return finish();
}
