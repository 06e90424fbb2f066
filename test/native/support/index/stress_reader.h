// A reader of the stress test: many searches under way at once, some cancelled, each answer checked.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "core/search/searcher.h"
#include "support/index/stress_writer.h"
#include "support/index/write_history.h"
#include "support/search/search_outcomes.h"

namespace cosimo::test {

/// Cancels searches on a thread of its own, unless they have ended before.
class Canceller {
 public:
  struct Order {
    Searcher* searcher;
    std::shared_ptr<PendingSearch> search;
  };

  void give(Order order) {
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(order));
    wake_.notify_one();
  }

  /// After this call no search of the searcher is cancelled.
  void forget(const Searcher& searcher) {
    const std::lock_guard lock(mutex_);
    std::erase_if(orders_, [&](const Order& order) { return order.searcher == &searcher; });
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return ended_ || !orders_.empty(); });
      if (ended_) return;
      const Order order = std::move(orders_.front());
      orders_.pop_front();
      order.searcher->cancel(order.search);  // under the lock, so that forget() waits for it
    }
  }

  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    wake_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Order> orders_;
  bool ended_ = false;
};

struct ReaderCounts {
  std::size_t answers = 0;
  std::size_t cancelled = 0;
  std::size_t closed = 0;
  std::size_t scans = 0;
  std::size_t rotated_pairs = 0;  // of row and query, bounded by the heads of rotated rows
  std::size_t faults = 0;
};

class StressReader {
 public:
  StressReader(const std::shared_ptr<VectorIndex>& index, const SearchKernel& kernel, std::size_t threads,
               CodeScan scan, const History& first, const History& second, const StressQueries& queries,
               Canceller& canceller, std::uint64_t seed)
      : first_(first),
        second_(second),
        queries_(queries),
        canceller_(canceller),
        checker_(first, second),
        random_bits_(seed),
        searcher_(index, kernel, threads, scan) {}

  /// Searches until `over`, then closes the searcher while searches are under way.
  void work(const std::atomic<bool>& over) {
    while (!over) {
      const std::size_t most = below(10) == 0 ? 80 : 1 + below(10);
      while (calls_.size() < most) call();
      check_until(below(most));
    }
    while (calls_.size() < 20) call();
    closing_ = true;
    if (below(2) == 0) searcher_.close();
    canceller_.forget(searcher_);
    searcher_.stop();
    check_until(0);
    counts_.scans = searcher_.counts().scans;
    counts_.rotated_pairs = searcher_.counts().rows.head_rows;
    counts_.faults += settled_again_;
  }

  const ReaderCounts& counts() const { return counts_; }

 private:
  struct Call {
    StressQuestion asked{};
    bool may_cancel = false;
    int settled = 0;
    SearchResult result;
    std::array<std::size_t, kStressWriters> begun_after{};
  };

  std::uint64_t below(std::uint64_t end) { return random_bits_() % end; }

  StressQuestion some_question() {
    StressQuestion asked{below(kStressQueries), 0, -std::numeric_limits<double>::infinity(), {}};
    const std::size_t top_ks[] = {0, 1, 10, 100, 1'000'000};
    asked.top_k = top_ks[below(std::size(top_ks))];
    if (below(3) == 0) asked.threshold = static_cast<double>(below(40)) - 20;
    return asked;
  }

  void call() {
    const auto made = std::make_shared<Call>();
    calls_.push_back(made);
    made->asked = some_question();
    made->may_cancel = below(6) == 0;
    made->asked.ended_before = {first_.ended(), second_.ended()};
    const auto search =
        searcher_.search(queries_[made->asked.query], made->asked.top_k, made->asked.threshold,
                         [this, made](SearchResult result) { settle(*made, std::move(result)); });
    if (made->may_cancel && below(2) == 0)
      searcher_.cancel(search);
    else if (made->may_cancel)
      canceller_.give({&searcher_, search});
  }

  void settle(Call& call, SearchResult result) {
    const std::array<std::size_t, kStressWriters> begun = {first_.begun(), second_.begun()};
    const std::lock_guard lock(mutex_);
    call.begun_after = begun;
    call.result = std::move(result);
    if (++call.settled > 1) ++settled_again_;
    settled_.notify_one();
  }

  // Checks answers in the order of the calls, until no more than `left` calls remain.
  void check_until(std::size_t left) {
    for (; calls_.size() > left; calls_.pop_front()) {
      Call& call = *calls_.front();
      {
        std::unique_lock lock(mutex_);
        settled_.wait(lock, [&] { return call.settled > 0; });
      }
      check(call);
    }
  }

  void check(const Call& call) {
    if (!call.result.error) {
      ++counts_.answers;
      if (!checker_.fits(call.asked, call.begun_after, call.result.hits)) ++counts_.faults;
    } else if (call.may_cancel && ended_with(call.result, ErrorCode::cancelled)) {
      ++counts_.cancelled;
    } else if (closing_ && ended_with(call.result, ErrorCode::closed)) {
      ++counts_.closed;
    } else {
      ++counts_.faults;
    }
  }

  const History& first_;
  const History& second_;
  const StressQueries& queries_;
  Canceller& canceller_;
  Checker checker_;
  std::mt19937_64 random_bits_;
  ReaderCounts counts_;
  std::deque<std::shared_ptr<Call>> calls_;
  bool closing_ = false;

  std::mutex mutex_;  // guards what calls are told
  std::condition_variable settled_;
  std::size_t settled_again_ = 0;

  Searcher searcher_;  // last: its threads end before what they tell
};

}  // namespace cosimo::test
