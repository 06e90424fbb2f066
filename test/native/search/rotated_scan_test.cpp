// What a scan of rotated chunks looks at: the promising rows first, then few others, and nothing for a search
// that has ended.
#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "core/index/vector_index.h"
#include "core/search/chunk_scan.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/kernels/tested_kernels.h"
#include "support/rotation/random_rotation.h"
#include "support/rotation/rotated_index.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 256;
constexpr std::size_t kHead = 64;
constexpr std::size_t kChunks = 8;
constexpr std::size_t kRows = kChunks * kRowsPerChunk;
constexpr std::size_t kTopK = 10;
constexpr std::size_t kPromising = 2 * kTopK + 12;  // so many rows are scored first

// Values fall along the axes, so that the first of them are the head of a rotation that changes nothing.
std::vector<float> falling_row() {
  std::vector<float> row(kDimensions);
  for (std::size_t i = 0; i < kDimensions; ++i) row[i] = random_normal() / static_cast<float>(1 + i);
  return row;
}

std::shared_ptr<VectorIndex> rotated_index(const SearchKernel& kernel) {
  auto index = std::make_shared<VectorIndex>(kDimensions, kernel, RotationPolicy::never);
  for (std::uint64_t key = 0; key < kRows; ++key) index->add({&key, 1}, falling_row());
  std::vector<double> axes(kDimensions * (kHead + kRecordDimensions));
  for (std::size_t i = 0; i < kHead + kRecordDimensions; ++i) axes[i * kDimensions + i] = 1;
  CHECK(rotate_fully(*index, std::make_shared<const Rotation>(kDimensions, kHead, axes)));
  return index;
}

// One scan of all chunks by one thread.
ScanCounts scan(const VectorIndex& index, const SearchKernel& kernel,
                const std::vector<std::shared_ptr<PendingSearch>>& searches) {
  const QueryBatch batch(searches);
  ScanChoice choice(CodeScan::automatic);
  const std::optional<const Snapshot> snapshot(index.snapshot());
  const RotatedBatches rotated(batch, *snapshot, kernel);
  ChunkScan chunks(batch, rotated, snapshot, kernel, choice);
  for (std::size_t at = 0; at < kChunks; ++at) chunks.scan(at);
  chunks.finish();
  return chunks.counts();
}

std::shared_ptr<PendingSearch> search_for(const std::vector<float>& query) {
  return std::make_shared<PendingSearch>(PreparedQuery(query), kTopK, -kMax, [](SearchResult) {});
}

// Bounds are so near to scores here that no other row passes.
void test_promising_rows_are_scored_first(const VectorIndex& index, const SearchKernel& kernel) {
  for (int turn = 0; turn < 10; ++turn) {
    const ScanCounts counts = scan(index, kernel, {search_for(falling_row())});
    CHECK(counts.head_rows == kRows);
    CHECK(counts.scored_rows >= kTopK && counts.scored_rows <= kPromising);
    CHECK(counts.record_rows_passed == counts.scored_rows && counts.head_rows_passed == counts.scored_rows);
  }
}

// As long in all directions: most of the query meets what is left to norms.
void test_rows_that_pass_are_counted(const VectorIndex& index, const SearchKernel& kernel) {
  std::size_t most_scored = 0;
  const std::size_t code_bytes = kRows / kBlockRows * RotatedCodes::head_block_bytes(kHead);
  for (int turn = 0; turn < 10; ++turn) {
    const ScanCounts counts = scan(index, kernel, {search_for(random_row(RowKind::normal, kDimensions))});
    most_scored = std::max(most_scored, counts.scored_rows);
    CHECK(counts.scored_rows <= counts.record_rows_passed);
    CHECK(counts.record_rows_passed <= counts.head_rows_passed && counts.head_rows_passed < kRows);
    // Promising rows are scored without a look at their records.
    const std::size_t without_records = code_bytes + counts.scored_rows * kDimensions * sizeof(float);
    CHECK(counts.read_bytes <= without_records + counts.head_rows_passed * kRecordBytes);
    CHECK(counts.read_bytes >= without_records + (counts.head_rows_passed - kPromising) * kRecordBytes);
  }
  CHECK(most_scored > kPromising);
}

void test_nothing_is_scored_for_a_search_that_has_ended(const VectorIndex& index,
                                                        const SearchKernel& kernel) {
  std::vector<float> beyond_codes = falling_row();  // every row passes
  for (float& value : beyond_codes) value *= 0x1p60F;
  CHECK(scan(index, kernel, {search_for(beyond_codes)}).scored_rows == kRows);
  const std::shared_ptr<PendingSearch> ended = search_for(beyond_codes);
  ended->settle({});
  CHECK(scan(index, kernel, {ended}).scored_rows == 0);
}

void test_scans(const SearchKernel& kernel) {
  const std::shared_ptr<VectorIndex> index = rotated_index(kernel);
  test_promising_rows_are_scored_first(*index, kernel);
  test_rows_that_pass_are_counted(*index, kernel);
  test_nothing_is_scored_for_a_search_that_has_ended(*index, kernel);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  return test_each_search_kernel(test_scans);
}
