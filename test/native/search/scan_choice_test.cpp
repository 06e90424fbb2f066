// Planes or bytes: the choice follows how many rows pass.
#include "core/search/scan_choice.h"

#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "kernels/search/search_dispatch.h"
#include "support/check.h"
#include "support/search/search_outcomes.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 64;
constexpr std::size_t kChunks = 12;
constexpr std::size_t kRows = kChunks * kRowsPerChunk;

std::mt19937_64 random_bits;

float normal() { return std::normal_distribution<float>()(random_bits); }

void test_the_share_of_blocks_that_pass_decides() {
  ScanChoice choice(CodeScan::automatic);
  CHECK(choice.planes_pay());
  for (int i = 0; i < 100; ++i) CHECK(choice.by_planes());
  for (int i = 0; i < 100; ++i) choice.record(64, 60);
  CHECK(!choice.planes_pay());
  int probes = 0;
  for (int i = 0; i < 320; ++i) probes += choice.by_planes() ? 1 : 0;
  CHECK(probes == 10);
  for (int i = 0; i < 100; ++i) choice.record(64, 2);
  CHECK(choice.planes_pay());
}

void test_a_forced_way_is_kept() {
  ScanChoice planes(CodeScan::planes);
  ScanChoice bytes(CodeScan::bytes);
  for (int i = 0; i < 100; ++i) {
    planes.record(64, 64);
    bytes.record(64, 0);
    CHECK(planes.by_planes() && planes.planes_pay() && planes.planes_forced());
    CHECK(!bytes.by_planes() && !bytes.planes_pay() && !bytes.planes_forced());
  }
}

// Unit rows near one of 300 centers, so that few are near to a query.
std::vector<float> clustered(std::size_t count) {
  std::vector<float> centers(300 * kDimensions);
  for (float& value : centers) value = normal();
  std::vector<float> rows(count * kDimensions);
  for (std::size_t row = 0; row < count; ++row) {
    const std::size_t center = random_bits() % 300 * kDimensions;
    for (std::size_t i = 0; i < kDimensions; ++i)
      rows[row * kDimensions + i] = (centers[center + i] + 0.1F * normal()) / 8;
  }
  return rows;
}

std::vector<float> all_alike(std::size_t count) {
  std::vector<float> rows(count * kDimensions);
  for (float& value : rows) value = 0.125F + 0.001F * normal();
  return rows;
}

void ask(Searcher& searcher, const std::vector<float>& rows, std::size_t times) {
  for (; times > 0; --times) {
    Outcomes outcomes;
    const std::size_t row = random_bits() % kRows * kDimensions;
    outcomes.expect(searcher, {&rows[row], kDimensions}, 10);
    CHECK(!outcomes.wait()[0].error);
  }
}

// Fewer chunks than lie between two probes: they add up over searches.
void test_choice_follows_the_rows() {
  auto index = std::make_shared<VectorIndex>(kDimensions, active_search_kernel());
  std::vector<std::uint64_t> keys(kRows);
  std::iota(keys.begin(), keys.end(), 0);
  const std::vector<float> near = clustered(kRows);
  const std::vector<float> alike = all_alike(kRows);
  index->add(keys, near);
  Searcher searcher(index, active_search_kernel(), 1);
  ask(searcher, near, 20);
  CHECK(searcher.planes_pay());
  CHECK(searcher.counts().rows.byte_rows == 0 && searcher.counts().rows.plane_rows == 20 * kRows);
  CHECK(searcher.counts().rows.scored_rows < 20 * kRows / 20);

  for (const std::uint64_t key : keys) index->replace(key, key, {&alike[key * kDimensions], kDimensions});
  ask(searcher, alike, 20);
  CHECK(!searcher.planes_pay());
  const std::size_t byte_rows = searcher.counts().rows.byte_rows;
  CHECK(byte_rows > 0);

  for (const std::uint64_t key : keys) index->replace(key, key, {&near[key * kDimensions], kDimensions});
  for (int i = 0; i < 100 && !searcher.planes_pay(); ++i) ask(searcher, near, 10);
  CHECK(searcher.planes_pay());
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  test_the_share_of_blocks_that_pass_decides();
  test_a_forced_way_is_kept();
  test_choice_follows_the_rows();
  return finish();
}
