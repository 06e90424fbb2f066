// When an index learns a rotation, what it does with it, and that answers stay the same.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "core/rotation/learn_rotation.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/rotation/random_rotation.h"
#include "support/rotation/rotated_index.h"
#include "support/sanitizer.h"
#include "support/search/reference_search.h"
#include "support/search/snapshot_search.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 256;

using Rows = std::vector<float>;

// Unit rows whose variance falls along the axes, from axis `first` on.
Rows falling_rows(std::size_t count, std::size_t first) {
  Rows rows(count * kDimensions);
  for (std::size_t row = 0; row < count; ++row) {
    float* values = rows.data() + row * kDimensions;
    double squares = 0;
    for (std::size_t i = 0; i < kDimensions; ++i) {
      values[i] = random_normal() / static_cast<float>(1 + (i + kDimensions - first) % kDimensions);
      squares += static_cast<double>(values[i]) * values[i];
    }
    for (std::size_t i = 0; i < kDimensions; ++i) values[i] /= static_cast<float>(std::sqrt(squares));
  }
  return rows;
}

Rows even_rows(std::size_t count) {
  Rows rows(count * kDimensions);
  for (float& value : rows) value = random_normal() / 16;
  return rows;
}

void add(VectorIndex& index, const Rows& rows) {
  std::vector<std::uint64_t> keys(rows.size() / kDimensions);
  std::iota(keys.begin(), keys.end(), index.size());
  index.add(keys, rows);
}

std::size_t full_rows(const VectorIndex& index) { return index.size() / kRowsPerChunk * kRowsPerChunk; }

bool answers_alike(const VectorIndex& one, const VectorIndex& other) {
  for (int i = 0; i < 20; ++i) {
    const Rows query = i % 2 == 0 ? falling_rows(1, 0) : falling_rows(1, 128);
    const std::vector<Hit> hits = search_now(one, query, 10, -1);
    if (hits.size() != 10 || !same_hits(hits, search_now(other, query, 10, -1))) return false;
  }
  return true;
}

RowSample sample_of(const Rows& rows) {
  RowSample sample{kDimensions, rows.size() / kDimensions, make_aligned_array<float>(rows.size())};
  std::copy(rows.begin(), rows.end(), sample.rows.get());
  return sample;
}

void test_a_rotation_is_learned_where_it_saves_reading() {
  const std::atomic<bool> stopping{false};
  const std::size_t count = is_brief() ? 512 : 4096;
  const RowSample falling = sample_of(falling_rows(count, 100));
  const JudgedRotation good = learn_rotation(falling, active_search_kernel(), stopping);
  const double plain = cost_of_plain_scan(kDimensions);
  CHECK(good.rotation && good.cost < 0.8 * plain);
  CHECK(judge_rotation(good.rotation, falling, active_search_kernel()) == good.cost);
  const RowSample even = sample_of(even_rows(count));
  CHECK(judge_rotation(good.rotation, even, active_search_kernel()) > plain);
  CHECK(learn_rotation(even, active_search_kernel(), stopping).cost > plain);
  const std::atomic<bool> stopped{true};
  CHECK(!learn_rotation(falling, active_search_kernel(), stopped).rotation);
}

void test_full_chunks_are_coded_and_answers_stay() {
  VectorIndex plain(kDimensions, active_search_kernel(), RotationPolicy::never);
  VectorIndex automatic(kDimensions, active_search_kernel());
  const Rows few = falling_rows(15 * kRowsPerChunk, 0);
  add(plain, few);
  add(automatic, few);
  const Rows more = falling_rows(2 * kRowsPerChunk + 100, 0);
  std::optional<Snapshot> before(automatic.snapshot());
  add(plain, more);
  add(automatic, more);
  CHECK(wait_for([&] { return automatic.sizes().rotated_rows == full_rows(automatic); }));
  CHECK(wait_for([&] { return !automatic.is_rotating(); }));
  const IndexSizes sizes = automatic.sizes();
  CHECK(sizes.rotations == 1 && sizes.head >= 32 && sizes.head <= kDimensions / 2);
  CHECK(before->chunks()[0].plain && !before->chunks()[0].rotated);  // a snapshot keeps what it has
  before.reset();
  CHECK(wait_for([&] { return automatic.sizes().memory_bytes < plain.sizes().memory_bytes; }));
  CHECK(answers_alike(automatic, plain));
  CHECK(plain.sizes().rotated_rows == 0 && plain.sizes().rotations == 0 && plain.sizes().head == 0);

  // Rows that vary along other axes: the rotation lets nearly all pass, so another one is learned.
  const Rows drifted = falling_rows(8 * kRowsPerChunk, 128);
  add(plain, drifted);
  add(automatic, drifted);
  CHECK(wait_for([&] { return automatic.sizes().rotations == 2; }));
  CHECK(wait_for([&] {
    const Snapshot now = automatic.snapshot();
    return is_coded_by(automatic, now.chunks().back().rotated ? now.chunks().back().rotated->rotation()
                                                              : now.chunks()[0].rotated->rotation());
  }));
  CHECK(answers_alike(automatic, plain));

  // Compaction empties rotated chunks, too.
  for (std::uint64_t key = 0; key < 20 * kRowsPerChunk; ++key) automatic.remove(key);
  CHECK(wait_for([&] { return automatic.sizes().dead_rows < kRowsPerChunk; }));
  CHECK(wait_for([&] { return automatic.sizes().rotated_rows <= automatic.size() + kRowsPerChunk; }));
}

void test_even_rows_keep_their_plain_codes() {
  VectorIndex index(kDimensions, active_search_kernel());
  add(index, even_rows(17 * kRowsPerChunk));
  VectorIndex always(kDimensions, active_search_kernel(), RotationPolicy::always);
  add(always, even_rows(17 * kRowsPerChunk));
  CHECK(wait_for([&] { return index.is_rotating(); }));  // it learns a rotation
  CHECK(wait_for([&] { return !index.is_rotating(); }));
  CHECK(wait_for([&] { return always.sizes().rotated_rows == full_rows(always); }));
  CHECK(index.sizes().rotations == 0 && index.sizes().rotated_rows == 0);
}

void test_generations_lie_side_by_side() {
  VectorIndex plain(kDimensions, active_search_kernel(), RotationPolicy::never);
  VectorIndex index(kDimensions, active_search_kernel(), RotationPolicy::never);
  const Rows rows = falling_rows(6 * kRowsPerChunk, 0);
  add(plain, rows);
  add(index, rows);
  const auto first = random_rotation(kDimensions, 64, random_bits);
  CHECK(rotate_fully(index, first));
  CHECK(answers_alike(index, plain));
  const Snapshot old = index.snapshot();
  const auto second = random_rotation(kDimensions, 128, random_bits);
  index.rotate_by(second);
  CHECK(wait_for([&] { return &index.snapshot().chunks()[0].rotated->rotation() == second.get(); }));
  CHECK(answers_alike(index, plain));  // some chunks may still have the first rotation's codes
  CHECK(rotate_fully(index, second));
  CHECK(answers_alike(index, plain));
  const Rows query = falling_rows(1, 0);
  CHECK(&old.chunks()[0].rotated->rotation() == first.get());
  CHECK(same_hits(search_snapshot(old, query, 10, -1), search_now(plain, query, 10, -1)));
}

void test_an_index_ends_while_it_learns_or_codes() {
  for (const int wait_ms : {0, 5, 200}) {
    VectorIndex index(kDimensions, active_search_kernel(), RotationPolicy::always);
    add(index, falling_rows(3 * kRowsPerChunk, 0));
    CHECK(wait_for([&] { return index.is_rotating(); }));
    for (std::uint64_t key = 0; key < 2 * kRowsPerChunk; key += 2) index.remove(key);  // it compacts, too
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  test_a_rotation_is_learned_where_it_saves_reading();
  if (!is_brief()) {  // learning takes a minute under a sanitizer
    test_full_chunks_are_coded_and_answers_stay();
    test_even_rows_keep_their_plain_codes();
  }
  test_generations_lie_side_by_side();
  test_an_index_ends_while_it_learns_or_codes();
  return finish();
}
