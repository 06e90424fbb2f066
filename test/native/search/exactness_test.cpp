// Exactness: whole answers against a scan in double, for every kind of data, on every kernel of this machine.
//
// One comparison is one search's answer: the same keys, in the same order, with the same bits of score. At
// least 10,000 for each kernel, fewer where tests run slowly; COSIMO_COMPARISONS sets another number.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "core/rotation/principal_directions.h"
#include "support/check.h"
#include "support/environment.h"
#include "support/index/indexed_rows.h"
#include "support/index/row_source.h"
#include "support/kernels/tested_kernels.h"
#include "support/rotation/random_rotation.h"
#include "support/rotation/rotated_index.h"
#include "support/sanitizer.h"
#include "support/search/reference_search.h"
#include "support/search/search_outcomes.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kMaxTopK = 1000;
constexpr std::size_t kMaxPrinted = 5;

std::size_t printed = 0;

std::uint64_t below(std::uint64_t end) { return random_bits() % end; }

const char* name_of(CodeScan scan) {
  return scan == CodeScan::automatic ? "automatic" : scan == CodeScan::planes ? "planes" : "bytes";
}

struct Question {
  const std::vector<float>* query;
  const Ranking* ranking;
  std::size_t top_k;
  double threshold;
};

// An index with its queries.
struct Case {
  const SearchKernel& kernel;
  const char* kind;
  IndexedRows rows;
  std::vector<std::vector<float>> queries;
  std::vector<Ranking> rankings;
};

std::size_t some_top_k(std::size_t rows) {
  const std::size_t choices[] = {0, 1, 2, 10, 100, kMaxTopK, rows, rows + 1, below(kMaxTopK + 1), below(20)};
  return std::min(choices[below(std::size(choices))], kMaxTopK);
}

double some_threshold(const Ranking& ranking) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kLargest = std::numeric_limits<float>::max();
  if (below(2) == 0) return -kInfinity;
  const std::span<const Hit> hits = ranking.hits();
  const double score = hits.empty() ? 0.0 : static_cast<double>(hits[below(hits.size())].score);
  const double choices[] = {score,
                            std::nextafter(score, kInfinity),
                            std::nextafter(score, -kInfinity),
                            score / 2,
                            static_cast<double>(std::nextafter(static_cast<float>(score), 0.0F)),
                            0.0,
                            -0.0,
                            kInfinity,
                            kLargest,
                            -kLargest,
                            -1e300,
                            1e-60,
                            -1e-60};
  // Mostly the exact score of a row, or a float next to it.
  return below(3) > 0 ? choices[below(3)] : choices[below(std::size(choices))];
}

Question some_question(const Case& made) {
  const std::size_t at = below(made.queries.size());
  const Ranking& ranking = made.rankings[at];
  return {&made.queries[at], &ranking, some_top_k(made.rows.model().size()), some_threshold(ranking)};
}

void print_fault(const Case& made, CodeScan scan, std::size_t threads, std::size_t batch,
                 const Question& asked, std::span<const Hit> hits) {
  if (++printed > kMaxPrinted) return;
  const std::span<const Hit> right = asked.ranking->answer(asked.top_k, asked.threshold);
  std::size_t at = 0;
  while (at < std::min(right.size(), hits.size()) && same_hits(right.subspan(at, 1), hits.subspan(at, 1)))
    ++at;
  std::printf(
      "%s, %s, %zu rows × %zu, %s, %zu threads, %zu searches at once, top_k %zu, threshold %a: %zu hits, not "
      "%zu; the first difference is at %zu",
      made.kernel.name, made.kind, made.rows.model().size(), made.rows.model().dimensions(), name_of(scan),
      threads, batch, asked.top_k, asked.threshold, hits.size(), right.size(), at);
  if (at < hits.size())
    std::printf(", key %llu with %a", static_cast<unsigned long long>(hits[at].key), hits[at].score);
  if (at < right.size())
    std::printf(", not key %llu with %a", static_cast<unsigned long long>(right[at].key), right[at].score);
  std::printf("\n");
}

// How many searches share a scan: one, a few or many.
std::size_t some_batch() {
  const std::uint64_t choice = below(20);
  if (choice < 8) return 1;
  return choice < 15 ? 2 + below(2) : choice < 19 ? 4 + below(12) : 4 + below(67);
}

// Searches for all in one scan; returns how many were answered wrongly.
std::size_t ask_at_once(const Case& made, Searcher& searcher, CodeScan scan, std::size_t threads,
                        std::span<const Question> questions) {
  Outcomes outcomes;
  {
    const std::size_t scans = searcher.counts().scans;
    const Gate gate(searcher, made.rows.model().dimensions());
    CHECK(searcher.counts().scans == scans + 1);
    for (const Question& asked : questions)
      outcomes.expect(searcher, *asked.query, asked.top_k, asked.threshold);
  }
  std::size_t wrong = 0;
  const std::vector<SearchResult> results = outcomes.wait();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Question& asked = questions[i];
    const std::span<const Hit> right = asked.ranking->answer(asked.top_k, asked.threshold);
    if (!results[i].error && same_hits(results[i].hits, right)) continue;
    ++wrong;
    print_fault(made, scan, threads, questions.size(), asked, results[i].hits);
  }
  return wrong;
}

constexpr CodeScan kScans[] = {CodeScan::automatic, CodeScan::planes, CodeScan::bytes};

// Searches a case in every way; returns the number of comparisons.
std::size_t compare(const Case& made, std::span<const CodeScan> scans = kScans) {
  std::size_t comparisons = 0;
  std::size_t wrong = 0;
  for (const CodeScan scan : scans) {
    for (const std::size_t threads : {1, 3}) {
      Searcher searcher(made.rows.index(), made.kernel, threads, scan);
      std::vector<Question> questions(some_batch());
      for (Question& asked : questions) asked = some_question(made);
      wrong += ask_at_once(made, searcher, scan, threads, questions);
      comparisons += questions.size();
    }
  }
  CHECK(wrong == 0);
  return comparisons;
}

Case make_case(const SearchKernel& kernel, const RowSource::Kind& kind, std::size_t dimensions,
               std::size_t row_count, std::size_t query_count) {
  RowSource source(kind, dimensions, random_bits);
  Case made{kernel, kind.name, IndexedRows(dimensions, kernel, random_bits), {}, {}};
  made.rows.grow(source, row_count);
  const ModelRows& model = made.rows.model();
  for (std::size_t i = 0; i < query_count; ++i) {
    const auto near = model.size() > 0 ? model.row(below(model.size())) : std::span<const float>();
    made.queries.push_back(near.empty() ? source.row() : source.query(near));
    made.rankings.emplace_back(model, made.queries.back(), kMaxTopK);
  }
  return made;
}

// Thresholds that are the scores of rows, where bounds are closest to scores.
std::size_t compare_tight(const SearchKernel& kernel, const RowSource::Kind& kind, std::size_t dimensions) {
  RowSource source(kind, dimensions, random_bits);
  Case made{kernel, kind.name, IndexedRows(dimensions, kernel, random_bits), {source.own_query()}, {}};
  made.rows.grow(source, 512);
  made.rankings.emplace_back(made.rows.model(), made.queries[0], kMaxTopK);
  std::vector<Question> questions;
  for (const Hit& hit : made.rankings[0].hits().first(is_brief() ? 64 : 256))
    questions.push_back({&made.queries[0], &made.rankings[0], kMaxTopK, static_cast<double>(hit.score)});
  std::size_t wrong = 0;
  for (const CodeScan scan : {CodeScan::planes, CodeScan::bytes}) {
    Searcher searcher(made.rows.index(), kernel, 1, scan);
    wrong += ask_at_once(made, searcher, scan, 1, questions);
  }
  CHECK(wrong == 0);
  return 2 * questions.size();
}

// The rows' own principal directions, as learning finds them, or random ones, by which nearly every row
// passes.
std::shared_ptr<const Rotation> some_rotation(const ModelRows& rows, std::size_t head) {
  const std::size_t n = rows.dimensions();
  if (is_brief()) {
    static std::map<std::size_t, std::shared_ptr<const Rotation>> made;  // by their dimensions
    std::shared_ptr<const Rotation>& rotation = made[n];
    if (!rotation) rotation = random_rotation(n, kHeadAlignment * 2, random_bits);
    return rotation;
  }
  if (below(2) == 0) return random_rotation(n, head, random_bits);
  std::vector<float> sample;
  for (std::size_t at = 0; at < std::min<std::size_t>(rows.size(), 200); ++at) {
    const std::span<const float> row = rows.row(at);
    const bool is_codable =
        std::all_of(row.begin(), row.end(), [](float value) { return std::fabs(value) <= kMaxCodable; });
    if (is_codable) sample.insert(sample.end(), row.begin(), row.end());
  }
  const std::atomic<bool> stopping{false};
  return std::make_shared<const Rotation>(
      n, head, principal_directions(sample, n, head + kRecordDimensions, stopping));
}

// Of full chunks, so many dimensions that a head and a record are not all of them. Coded by one rotation, and
// then by another.
std::size_t compare_rotated(const SearchKernel& kernel, const RowSource::Kind& kind, bool is_large) {
  constexpr std::size_t kDimensions[] = {144, 160, 256, 384};
  const std::size_t dimensions = is_large ? 384 : kDimensions[below(is_brief() ? 2 : std::size(kDimensions))];
  const std::size_t rows = is_large ? 40'000 : kRowsPerChunk * (1 + below(3)) + below(100);
  Case made =
      make_case(kernel, kind, dimensions, is_brief() ? std::min<std::size_t>(rows, 2 * kRowsPerChunk) : rows,
                is_brief() ? 2 : 4);
  const std::size_t longest = dimensions - kRecordDimensions;
  std::size_t comparisons = 0;
  for (int generation = 0; generation < (is_large || is_brief() ? 1 : 2); ++generation) {
    const std::size_t head =
        is_large ? 128 : std::min<std::size_t>(longest, 32 + 16 * below(8)) / kHeadAlignment * kHeadAlignment;
    CHECK(rotate_fully(*made.rows.index(), some_rotation(made.rows.model(), head)));
    comparisons += compare(made, std::span(kScans).first(1));  // they differ in plain codes alone
  }
  return comparisons;
}

std::size_t some_dimensions() {
  const double power = static_cast<double>(below(1001)) / 100;  // 2⁰ … 2¹⁰
  return std::min<std::size_t>(1024, static_cast<std::size_t>(std::exp2(power)) + below(2));
}

std::size_t some_row_count(std::size_t dimensions) {
  const std::size_t max_floats = is_brief() ? 50'000 : 400'000;
  const std::size_t whole[] = {16, 64, 1024, 2048,
                               3072};  // sizes of blocks, of what kernels take at once, of chunks
  const std::size_t near_whole = whole[below(std::size(whole))] - 1 + below(3);
  const std::size_t choices[] = {below(18),  below(18),   below(300),  below(300),
                                 near_whole, below(3000), below(3000), below(20'000)};
  return std::min(choices[below(std::size(choices))], max_floats / dimensions);
}

// Every kind of rows equally often, then the tight kinds, then a few large sets of random kinds.
void test_answers_are_those_of_a_full_scan(const SearchKernel& kernel) {
  const std::size_t wanted = from_environment("COSIMO_COMPARISONS", is_brief() ? 600 : 10'000);
  std::size_t comparisons = 0;
  for (const RowSource::Kind& kind : RowSource::kinds()) {
    const std::size_t until = comparisons + wanted / RowSource::kinds().size() + 1;
    while (comparisons < until) {
      const std::size_t dimensions = some_dimensions();
      comparisons +=
          compare(make_case(kernel, kind, dimensions, some_row_count(dimensions), is_brief() ? 2 : 4));
    }
  }
  for (const RowSource::Kind& kind : RowSource::kinds().last(2)) {
    for (const std::size_t dimensions : {20, 60, 384}) comparisons += compare_tight(kernel, kind, dimensions);
  }
  // With rotated codes, every kind of rows equally often.
  const std::size_t rotated_until = comparisons + wanted / 4;
  for (std::size_t at = 0; comparisons < rotated_until || at < RowSource::kinds().size(); ++at)
    comparisons += compare_rotated(kernel, RowSource::kinds()[at % RowSource::kinds().size()], false);
  for (const RowSource::Kind& kind : RowSource::kinds().subspan(2, is_brief() ? 0 : 1))
    comparisons += compare_rotated(kernel, kind, true);
  // Many chunks of realistic rows, so that several threads and rising score thresholds matter.
  for (const RowSource::Kind& kind : RowSource::kinds().first(is_brief() ? 1 : 2))
    comparisons += compare(make_case(kernel, kind, 384, is_brief() ? 3000 : 40'000, 2));
  for (int large = 0; large < (is_brief() ? 1 : 4); ++large) {
    const RowSource::Kind& kind = RowSource::kinds()[below(RowSource::kinds().size())];
    comparisons += compare(make_case(kernel, kind, 1 + below(8), is_brief() ? 10'000 : 200'000, 2));
  }
  std::printf("%zu comparisons on kernel %s, threads 1 and 3\n", comparisons, kernel.name);
  CHECK(comparisons >= wanted);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  return cosimo::test::test_each_search_kernel(cosimo::test::test_answers_are_those_of_a_full_scan);
}
