// How much memory an index holds: during writes, at rest, and with a snapshot.
#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "core/index/vector_index.h"
#include "support/check.h"
#include "support/index/model_rows.h"
#include "support/rotation/random_rotation.h"
#include "support/rotation/rotated_index.h"
#include "support/sanitizer.h"
#include "support/search/snapshot_search.h"
#include "support/wait_for.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 384;
const std::size_t kRows = is_brief() ? 8'000 : 60'000;

std::mt19937_64 random_bits;

std::uint64_t below(std::uint64_t end) { return random_bits() % end; }

// The content of rows doesn't matter here.
std::vector<float> some_row() {
  return std::vector<float>(kDimensions, static_cast<float>(1 + below(100)) / 100);
}

std::size_t chunk_bytes() {
  const ChunkLayout layout(kDimensions);
  return layout.row_bytes() + layout.code_bytes() + sizeof(RowChunk) + sizeof(PlainCodes) + 8192;
}

// The longest head is half of a row. While one rotation replaces another, chunks of both are there.
constexpr std::size_t kRotationBytes = kDimensions * (kDimensions / 2 + kRecordDimensions) * sizeof(float);

// An index and the keys that are in it.
class Store {
 public:
  VectorIndex& index() { return index_; }
  std::size_t size() const { return keys_.size(); }
  double most_overhead() const { return most_overhead_; }

  void add(std::size_t count) {
    std::vector<std::uint64_t> keys(count);
    std::iota(keys.begin(), keys.end(), next_key_);
    next_key_ += count;
    std::vector<float> vectors;
    vectors.reserve(count * kDimensions);
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<float> row = some_row();
      vectors.insert(vectors.end(), row.begin(), row.end());
    }
    index_.add(keys, vectors);
    keys_.insert(keys_.end(), keys.begin(), keys.end());
    sample();
  }

  void remove(std::size_t at) {
    index_.remove(keys_[at]);
    keys_[at] = keys_.back();
    keys_.pop_back();
    sample();
  }
  void remove_any() { remove(below(keys_.size())); }
  /// Removes the row that was added first.
  void remove_first() {
    index_.remove(keys_.front());
    keys_.erase(keys_.begin());
    sample();
  }

  void replace(std::size_t at) {
    index_.replace(keys_[at], next_key_, some_row());
    keys_[at] = next_key_++;
    sample();
  }

 private:
  // Notes the bytes beyond three chunks and two rotations, relative to the bytes of the rows.
  void sample() {
    const IndexSizes sizes = index_.sizes();
    const std::size_t apart = 3 * chunk_bytes() + 2 * kRotationBytes;
    const std::size_t beyond = sizes.memory_bytes - std::min(sizes.memory_bytes, apart);
    if (beyond > 0) most_overhead_ = std::max(most_overhead_, static_cast<double>(beyond) / sizes.row_bytes);
  }

  VectorIndex index_{kDimensions, active_search_kernel()};
  std::vector<std::uint64_t> keys_;
  std::uint64_t next_key_ = 0;
  double most_overhead_ = 0;
};

// All dead rows are freed, except in the last chunk.
bool is_at_rest(const VectorIndex& index) {
  const IndexSizes sizes = index.sizes();
  return sizes.dead_rows <= sizes.rows / 128 + kRowsPerChunk;
}

bool is_small(const VectorIndex& index) {
  const IndexSizes sizes = index.sizes();
  return static_cast<double>(sizes.memory_bytes) <=
         1.30 * static_cast<double>(sizes.row_bytes) + chunk_bytes();
}

void test_memory_is_bounded_during_many_writes() {
  Store store;
  store.add(kRows / 3);
  for (std::size_t i = 0; i < kRows / 2; ++i) store.replace(below(store.size()));
  for (std::size_t i = 0; i < kRows / 6; ++i) store.replace(i % 10);  // the same few
  while (store.size() > kRows / 5) store.remove_any();
  store.add(kRows / 6);
  while (store.size() > kRows / 4) store.remove_first();
  // Every chunk is left with a few rows.
  for (std::size_t at = 0; at < store.size(); ++at) store.remove(at);
  while (store.size() > 100) store.remove_any();
  while (store.size() > 0) store.remove_any();
  std::printf("in storms, memory up to three chunks, two rotations and %.3f times the rows\n",
              store.most_overhead());
  CHECK(store.most_overhead() <= 1.6);
  CHECK(store.index().sizes().dead_rows == 0);
  CHECK(store.index().sizes().memory_bytes < chunk_bytes());
}

void test_dead_rows_are_freed_at_rest(std::size_t left) {
  Store store;
  store.add(kRows);
  CHECK(is_small(store.index()));
  while (store.size() > left) store.remove_any();
  CHECK(wait_for([&] { return is_at_rest(store.index()) && is_small(store.index()); }));
  const IndexSizes sizes = store.index().sizes();
  std::printf("%zu of %zu rows: %zu dead, memory %.3f times the rows\n", sizes.rows, kRows, sizes.dead_rows,
              static_cast<double>(sizes.memory_bytes) / static_cast<double>(sizes.row_bytes));
}

// Full chunks with the codes of rotated rows, but for the rotation's matrix.
void test_rotated_rows_take_little_beside_their_floats() {
  const std::size_t chunks = is_brief() ? 4 : 16;
  VectorIndex index(kDimensions, active_search_kernel(), RotationPolicy::never);
  std::vector<std::uint64_t> keys(chunks * kRowsPerChunk);
  std::iota(keys.begin(), keys.end(), 0);
  const std::vector<float> rows(keys.size() * kDimensions, 0.5F);
  index.add(keys, rows);
  const auto rotation = random_rotation(kDimensions, 128, random_bits);
  CHECK(rotate_fully(index, rotation));
  const auto share = [&] {
    const IndexSizes sizes = index.sizes();
    return static_cast<double>(sizes.memory_bytes - rotation->memory_bytes()) /
           static_cast<double>(sizes.row_bytes);
  };
  CHECK(wait_for([&] { return share() <= 1.15; }));  // the plain codes end a moment later
  std::printf("rotated rows: memory %.3f times the rows\n", share());
}

// Rows that only a snapshot still contains are counted, and freed with it.
void test_rows_of_a_snapshot_count() {
  Store store;
  store.add(5 * kRowsPerChunk);
  std::optional<Snapshot> snapshot(store.index().snapshot());
  while (store.size() > 0) store.remove_any();
  CHECK(store.index().sizes().memory_bytes >= 5 * ChunkLayout(kDimensions).row_bytes());
  CHECK(search_snapshot(*snapshot, some_row(), 10'000, -1e30).size() == 5 * kRowsPerChunk);
  snapshot.reset();
  CHECK(store.index().sizes().memory_bytes < chunk_bytes());
}

void test_replacing_one_row_again_and_again_takes_no_memory() {
  Store store;
  store.add(1);
  for (std::size_t i = 0; i < 5 * kRowsPerChunk; ++i) {
    store.replace(0);
    if (store.index().sizes().dead_rows > 2 * kRowsPerChunk) break;
  }
  CHECK(store.index().sizes().dead_rows <= 2 * kRowsPerChunk);
  CHECK(store.index().sizes().memory_bytes < 3 * chunk_bytes());
}

void test_an_index_may_end_during_compaction() {
  for (int round = 0; round < (is_brief() ? 2 : 8); ++round) {
    auto store = std::make_unique<Store>();
    store->add(20 * kRowsPerChunk);
    // Two dead rows in a hundred: too few for compaction by the writes themselves.
    for (std::size_t i = 0; i < 400; ++i) store->remove_any();
    CHECK(wait_for([&] { return store->index().sizes().moved_rows > 0; }));
    store.reset();
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  test_memory_is_bounded_during_many_writes();
  test_dead_rows_are_freed_at_rest(kRows / 4);
  test_dead_rows_are_freed_at_rest(kRows / 50);
  test_rotated_rows_take_little_beside_their_floats();
  test_rows_of_a_snapshot_count();
  test_replacing_one_row_again_and_again_takes_no_memory();
  test_an_index_may_end_during_compaction();
  return finish();
}
