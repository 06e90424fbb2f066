// One writer, several readers, real threads: every search must see each document in exactly one of its
// versions.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "check.h"
#include "core/error.h"
#include "core/searcher.h"
#include "kernels/dispatch.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 24;
constexpr std::uint64_t kDocuments = 1500;
constexpr std::uint64_t kVersionStep = 1 << 20;  // key = version · step + document

// Row i of version v is (v mod 1000) + 1 everywhere: a torn row has a score that is no such multiple.
std::vector<float> row_of(std::uint64_t key) {
  return std::vector<float>(kDimensions, static_cast<float>(key / kVersionStep % 1000 + 1));
}

float score_of(std::uint64_t key) { return static_cast<float>(key / kVersionStep % 1000 + 1) * kDimensions; }

// Documents 0 … kDocuments − 1 are always there. Others, from kDocuments on, come and go.
bool is_consistent(const std::vector<Hit>& hits) {
  std::set<std::uint64_t> seen;
  std::size_t lasting = 0;
  for (const Hit& hit : hits) {
    const std::uint64_t document = hit.key % kVersionStep;
    if (!seen.insert(document).second || hit.score != score_of(hit.key)) return false;
    if (document < kDocuments) ++lasting;
  }
  return lasting == kDocuments;
}

class Waiter {
 public:
  SearchResult search(Searcher& searcher, const std::vector<float>& query) {
    finished_ = false;
    searcher.search(query, 1 << 20, 0, [this](SearchResult result) {
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
      finished_ = true;
      done_.notify_one();
    });
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return finished_; });
    return std::move(result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  SearchResult result_;
  bool finished_ = false;
};

void read_until(const std::atomic<bool>& over, const std::shared_ptr<VectorIndex>& index,
                std::atomic<int>& faults, std::atomic<int>& searches) {
  Searcher searcher(index, active_kernel(), 2);
  Waiter waiter;
  const std::vector<float> query(kDimensions, 1.0F);
  while (!over) {
    const SearchResult result = waiter.search(searcher, query);
    if (result.error || !is_consistent(result.hits)) ++faults;
    ++searches;
  }
}

class Writer {
 public:
  explicit Writer(VectorIndex& index) : index_(index) {
    for (std::uint64_t document = 0; document < kDocuments; ++document)
      index.add({&document, 1}, row_of(document));
  }

  void work(int steps) {
    for (int step = 0; step < steps; ++step) {
      const std::uint64_t document = random_bits_() % kDocuments;
      const std::uint64_t old_key = versions_[document] * kVersionStep + document;
      const std::uint64_t new_key = ++versions_[document] * kVersionStep + document;
      index_.replace(old_key, new_key, row_of(new_key));
      if (random_bits_() % 4 == 0) add_passing();
      if (random_bits_() % 4 == 0) index_.remove(kDocuments + random_bits_() % (passing_ - kDocuments + 1));
    }
  }

 private:
  void add_passing() {
    index_.add({&passing_, 1}, row_of(passing_));
    ++passing_;
  }

  VectorIndex& index_;
  std::mt19937_64 random_bits_ = seeded_random();
  std::vector<std::uint64_t> versions_ = std::vector<std::uint64_t>(kDocuments, 0);
  std::uint64_t passing_ = kDocuments;
};

void test_readers_beside_a_writer() {
  auto index = std::make_shared<VectorIndex>(kDimensions);
  Writer writer(*index);
  std::atomic<bool> over{false};
  std::atomic<int> faults{0};
  std::atomic<int> searches{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] { read_until(over, index, faults, searches); });
  }
  for (int round = 0; round < 20 || searches < 100; ++round) writer.work(1000);
  over = true;
  for (std::thread& reader : readers) reader.join();
  std::printf("%d searches beside the writer\n", searches.load());
  CHECK(faults == 0);
  CHECK(searches >= 100);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_readers_beside_a_writer();
  return finish();
}
