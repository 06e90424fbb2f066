// One scan of chunks whose codes are of different kinds: rotated by one of two rotations, or plain.
#include <memory>
#include <optional>
#include <vector>

#include "core/index/vector_index.h"
#include "core/search/chunk_scan.h"
#include "support/check.h"
#include "support/kernels/random_rows.h"
#include "support/kernels/tested_kernels.h"
#include "support/rotation/random_rotation.h"
#include "support/search/reference_search.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 160;
constexpr std::size_t kTopK = 10;

// A scan for so many queries lets the rows of its first four rotated chunks wait for one another, and looks
// at the others one after another.
constexpr std::size_t kManyQueries = 256;
constexpr std::size_t kWaitingChunks = 4;

enum class Codes { plain, first, second };

constexpr Codes kCodes[] = {Codes::first,  Codes::plain, Codes::second, Codes::plain, Codes::first,
                            Codes::second, Codes::first, Codes::plain,  Codes::second};
constexpr std::size_t kFullChunks = std::size(kCodes);
constexpr std::size_t kRotatedChunks = 6;
static_assert(kRotatedChunks > kWaitingChunks);
// After the last full block lie some rows without codes.
constexpr std::size_t kRows = kFullChunks * kRowsPerChunk + 2 * kBlockRows + 3;

struct Case {
  ModelRows rows{kDimensions};
  std::vector<std::vector<float>> queries;
  std::vector<Ranking> rankings;
  std::shared_ptr<const Rotation> first;
  std::shared_ptr<const Rotation> second;
};

// A query is near to a row of each chunk in turn: only the codes of that chunk can let its best hit pass.
Case make_case() {
  Case made;
  for (std::size_t row = 0; row < kRows; ++row) made.rows.add(row, random_row(RowKind::normal, kDimensions));
  for (std::size_t at = 0; at < kManyQueries; ++at) {
    const std::size_t row = at % (kFullChunks + 1) * kRowsPerChunk + random_below(kRows % kRowsPerChunk);
    made.queries.push_back(near_to(made.rows.row(row), 0.01F));
    made.rankings.emplace_back(made.rows, made.queries.back(), kTopK);
  }
  made.first = random_rotation(kDimensions, 48, random_bits);
  made.second = random_rotation(kDimensions, 32, random_bits);
  return made;
}

// The index's rows in a table whose full chunks have the codes that kCodes says.
Snapshot mixed_snapshot(const VectorIndex& index, const Case& made, const SearchKernel& kernel) {
  const Snapshot plain = index.snapshot();
  const auto bytes = std::make_shared<std::atomic<std::size_t>>(0);
  const auto first = std::make_shared<RotatedMemory>(made.first, kRowsPerChunk, bytes);
  const auto second = std::make_shared<RotatedMemory>(made.second, kRowsPerChunk, bytes);
  auto table = std::make_shared<ChunkTable>(plain.chunks());
  for (std::size_t at = 0; at < kFullChunks; ++at) {
    if (kCodes[at] == Codes::plain) continue;
    IndexedChunk& chunk = (*table)[at];
    chunk.plain = nullptr;
    chunk.rotated = std::make_shared<RotatedCodes>(kCodes[at] == Codes::first ? first : second,
                                                   chunk.rows->row(0), kernel);
  }
  return {plain.sequence(), table, plain.rows_of(plain.chunks().size() - 1)};
}

// How many answers of a scan for the queries from `first` on are wrong. Every chunk is scanned by its codes.
std::size_t wrong_answers(const Case& made, const Snapshot& snapshot, const SearchKernel& kernel,
                          std::size_t first, std::size_t count) {
  std::vector<std::shared_ptr<PendingSearch>> searches;
  for (std::size_t at = first; at < first + count; ++at)
    searches.push_back(
        std::make_shared<PendingSearch>(PreparedQuery(made.queries[at]), kTopK, -kMax, [](SearchResult) {}));
  const QueryBatch batch(searches);
  ScanChoice choice(CodeScan::automatic);
  const RotatedBatches rotated(batch, snapshot, kernel);
  const std::optional<const Snapshot> kept(snapshot);
  ChunkScan scan(batch, rotated, kept, kernel, choice);
  for (std::size_t at = 0; at < snapshot.chunks().size(); ++at) scan.scan(at);
  scan.finish();
  std::size_t wrong = 0;
  for (std::size_t at = 0; at < count; ++at)
    wrong += same_hits(scan.best(at).take_sorted(), made.rankings[first + at].hits()) ? 0 : 1;
  const ScanCounts counts = scan.counts();
  CHECK(counts.head_rows == count * kRotatedChunks * kRowsPerChunk);
  CHECK(counts.plane_rows + counts.byte_rows ==
        count * ((kFullChunks - kRotatedChunks) * kRowsPerChunk + 2 * kBlockRows));
  return wrong;
}

void test_codes_of_every_kind_in_one_scan(const Case& made, const SearchKernel& kernel) {
  VectorIndex index(kDimensions, kernel, RotationPolicy::never);
  for (std::size_t at = 0; at < made.rows.size(); ++at) {
    const std::uint64_t key = made.rows.key(at);
    index.add({&key, 1}, made.rows.row(at));
  }
  const Snapshot mixed = mixed_snapshot(index, made, kernel);
  std::size_t wrong = 0;
  for (std::size_t at = 0; at < 2 * (kFullChunks + 1); ++at)
    wrong += wrong_answers(made, mixed, kernel, at, 1);
  CHECK(wrong == 0);
  CHECK(wrong_answers(made, mixed, kernel, 0, 33) == 0);  // all rotated chunks wait for one another
  CHECK(wrong_answers(made, mixed, kernel, 0, kManyQueries) == 0);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  const Case made = make_case();
  for_each_tested_kernel(
      [&](const cosimo::SearchKernel& kernel) { test_codes_of_every_kind_in_one_scan(made, kernel); });
  return finish();
}
