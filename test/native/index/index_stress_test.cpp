// Writers and searches at once. Every answer is checked against what the writers did (write_history.h). Made
// for ThreadSanitizer:
//
//   COSIMO_STRESS_S=3600 build/thread/tests/index_stress_test
//
// runs for an hour. Without COSIMO_STRESS_S it is 10 seconds, 20 under a sanitizer. Each round takes some
// seconds and has its own index, kernel, way of scanning and number of threads. In a round, the index grows
// and shrinks again and again, between nothing and about twenty chunks, with pauses in which it compacts
// itself. In each second round, full chunks are coded by one rotation after another meanwhile.
// COSIMO_TEST_SEED repeats the choices, not how threads interleave.
#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "kernels/search/search_dispatch.h"
#include "support/check.h"
#include "support/environment.h"
#include "support/index/stress_reader.h"
#include "support/index/stress_writer.h"
#include "support/rotation/random_rotation.h"
#include "support/sanitizer.h"
#include "support/wait_for.h"

namespace cosimo::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReaders = 2;
constexpr std::size_t kTurns = 12;
constexpr std::size_t kMaxWrites = 60'000;
constexpr std::size_t kMaxVersions = 120'000;
constexpr std::size_t kMaxRounds = 40;

struct Totals {
  std::size_t writes = 0;
  std::size_t moved_rows = 0;
  std::size_t moved_at_rest = 0;
  std::size_t most_chunks = 0;
  std::size_t rotations = 0;
  std::size_t rotated_pairs = 0;
  ReaderCounts readers;
};

struct Turn {
  std::array<std::size_t, kStressWriters> rows;
  std::size_t changes;
  bool rest;
};

std::vector<Turn> some_turns(std::mt19937_64& random_bits) {
  constexpr std::size_t kMaxRows[] = {0, 20, 1500, 4000, 10'000};
  std::vector<Turn> turns(kTurns);
  for (Turn& turn : turns) {
    const std::size_t most = kMaxRows[random_bits() % std::size(kMaxRows)];
    for (std::size_t& rows : turn.rows) rows = most == 0 ? 0 : random_bits() % most;
    turn.changes = random_bits() % 3000;
    turn.rest = random_bits() % 3 == 0;
  }
  return turns;
}

// Fewer than one row in 128 is dead, not counting the last chunk.
bool is_compacted(const VectorIndex& index) {
  const IndexSizes sizes = index.sizes();
  return sizes.dead_rows <= sizes.rows / 128 + kRowsPerChunk;
}

constexpr std::size_t kRotatedDimensions = 160;

// One index from its first row to its end.
class Round {
 public:
  Round(std::mt19937_64& random_bits, std::size_t number)
      : kernel_(*available_search_kernels()[number / 2 % available_search_kernels().size()]),
        index_(std::make_shared<VectorIndex>(number % 2 == 0 ? 1 + random_bits() % 40 : kRotatedDimensions,
                                             kernel_)),
        turns_(some_turns(random_bits)) {
    for (std::vector<float>& query : queries_) {
      query.resize(index_->dimensions());
      for (float& value : query) value = std::normal_distribution<float>()(random_bits);
    }
    for (std::size_t i = 0; i < kStressWriters; ++i)
      writers_.push_back(std::make_unique<StressWriter>(i, *index_, histories_[i], queries_, random_bits()));
    for (std::size_t i = 0; i < kReaders; ++i) {
      const auto scan = static_cast<CodeScan>(random_bits() % 3);
      readers_.push_back(std::make_unique<StressReader>(index_, kernel_, 2 + i, scan, histories_[0],
                                                        histories_[1], queries_, canceller_, random_bits()));
    }
    if (index_->dimensions() != kRotatedDimensions) return;
    for (const std::size_t head : {32, 48, 48})
      rotations_.push_back(random_rotation(kRotatedDimensions, head, random_bits));
  }

  void run(Totals& totals) {
    std::thread canceller([this] { canceller_.work(); });
    std::thread rotator([this] { rotate(); });
    std::vector<std::thread> readers;
    for (const auto& reader : readers_) readers.emplace_back([&] { reader->work(over_); });
    std::vector<std::thread> writers;
    for (std::size_t i = 0; i < kStressWriters; ++i) writers.emplace_back([this, i] { write(i); });
    for (std::thread& writer : writers) writer.join();
    over_ = true;
    for (std::thread& reader : readers) reader.join();
    canceller_.end();
    canceller.join();
    rotator.join();
    add_to(totals);
  }

 private:
  void write(std::size_t number) {
    for (const Turn& turn : turns_) {
      writers_[number]->work(turn.rows[number], turn.changes);
      turn_ends_.arrive_and_wait();
      if (number == 0) note_chunks();
      if (number == 0 && turn.rest) rest();
      turn_ends_.arrive_and_wait();
    }
  }

  void rotate() {
    for (std::size_t turn = 0; !rotations_.empty() && !over_; ++turn) {
      index_->rotate_by(rotations_[turn % rotations_.size()]);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  void note_chunks() { most_chunks_ = std::max(most_chunks_, index_->snapshot().chunks().size()); }

  void rest() {
    const auto is_rotated = [this] {
      return index_->sizes().rotated_rows > 0 || index_->snapshot().chunks().size() < 2;
    };
    if (!rotations_.empty())
      wait_for(is_rotated, std::chrono::seconds(20));  // beside other programs it may take longer
    const std::size_t before = index_->sizes().moved_rows;
    if (!wait_for([this] { return is_compacted(*index_); })) ++faults_;
    moved_at_rest_ += index_->sizes().moved_rows - before;
  }

  void add_to(Totals& totals) const {
    int faults = faults_;
    for (const auto& writer : writers_) faults += writer->faults();
    CHECK(faults == 0);
    for (const History& history : histories_) totals.writes += history.ended();
    totals.moved_rows += index_->sizes().moved_rows;
    totals.moved_at_rest += moved_at_rest_;
    totals.rotations += index_->sizes().rotations;
    totals.most_chunks = std::max(totals.most_chunks, most_chunks_);
    for (const auto& reader : readers_) {
      const ReaderCounts& counts = reader->counts();
      CHECK(counts.faults == 0);
      totals.readers.answers += counts.answers;
      totals.readers.cancelled += counts.cancelled;
      totals.readers.closed += counts.closed;
      totals.readers.scans += counts.scans;
      totals.rotated_pairs += counts.rotated_pairs;
    }
  }

  const SearchKernel& kernel_;
  const std::shared_ptr<VectorIndex> index_;
  const std::vector<Turn> turns_;
  std::vector<std::shared_ptr<const Rotation>> rotations_;
  StressQueries queries_;
  std::atomic<std::uint64_t> clock_{0};
  History histories_[kStressWriters] = {{clock_, kMaxWrites, kMaxVersions},
                                        {clock_, kMaxWrites, kMaxVersions}};
  Canceller canceller_;
  std::vector<std::unique_ptr<StressWriter>> writers_;
  std::vector<std::unique_ptr<StressReader>> readers_;
  std::atomic<bool> over_{false};
  std::barrier<> turn_ends_{kStressWriters};
  int faults_ = 0;
  std::size_t moved_at_rest_ = 0;
  std::size_t most_chunks_ = 0;
};

void test_every_answer_fits_the_writes() {
  const auto seconds = from_environment("COSIMO_STRESS_S", kSanitized ? 12 : 10);
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  std::mt19937_64 random_bits = seeded_random();
  Totals totals;
  std::size_t rounds = 0;
  // What happens by chance, in most rounds but not in each: a busy machine gets further rounds until it has.
  const auto has_seen_all = [&totals] {
    const ReaderCounts& readers = totals.readers;
    return readers.answers > 100 && readers.scans < readers.answers && readers.cancelled > 0 &&
           readers.closed > 0 && totals.rotated_pairs > 0 && totals.moved_rows > 0 &&
           totals.moved_at_rest > 0 && totals.most_chunks > 2;
  };
  while (rounds < 2 || Clock::now() < end || (!has_seen_all() && rounds < kMaxRounds)) {
    Round(random_bits, rounds++).run(totals);
  }
  const ReaderCounts& readers = totals.readers;
  std::printf(
      "%zu rounds: %zu writes; %zu answers, %zu cancelled, %zu closed, in %zu scans; up to %zu chunks, "
      "%zu rows moved, %zu of them at rest; %zu rotations\n",
      rounds, totals.writes, readers.answers, readers.cancelled, readers.closed, readers.scans,
      totals.most_chunks, totals.moved_rows, totals.moved_at_rest, totals.rotations);
  CHECK(has_seen_all());
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_every_answer_fits_the_writes();
  return finish();
}
