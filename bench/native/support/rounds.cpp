#include "support/rounds.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace cosimo::bench {

void run_together(std::size_t threads, const std::function<void(std::size_t)>& job) {
  std::vector<std::exception_ptr> failures(threads);
  std::vector<std::thread> running;
  std::atomic<std::size_t> arrived{0};
  std::atomic<bool> called_off{false};
  const auto body = [&](std::size_t thread) {
    // A few microseconds, so no sleep; but yield, since there may be more threads than CPUs.
    for (++arrived; arrived < threads && !called_off;) std::this_thread::yield();
    if (called_off) return;
    try {
      job(thread);
    } catch (...) {
      failures[thread] = std::current_exception();
    }
  };
  std::exception_ptr no_thread;
  try {
    running.reserve(threads);
    for (std::size_t thread = 0; thread < threads; ++thread) running.emplace_back(body, thread);
  } catch (...) {
    no_thread = std::current_exception();
    called_off = true;
  }
  for (std::thread& thread : running) thread.join();
  if (no_thread) std::rethrow_exception(no_thread);
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

Rounds::Rounds(Measure& measure, std::size_t threads, double round_s)
    : measure_(measure),
      length_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(round_s))),
      workers_(threads) {
  run_together(threads, [&](std::size_t thread) { workers_[thread] = measure_.make_worker(thread); });
  run();
}

Round Rounds::run() {
  struct Share {
    Tally tally;
    Clock::time_point start;
    Clock::time_point end;
  };
  std::vector<Share> shares(workers_.size());
  run_together(workers_.size(), [&](std::size_t thread) {
    Share share;  // on the thread's own stack: neighbors in `shares` would share cache lines
    share.start = share.end = Clock::now();
    for (const auto deadline = share.start + length_; share.end < deadline; share.end = Clock::now()) {
      workers_[thread]->step(share.tally);
    }
    shares[thread] = share;
  });
  Tally sum;
  Clock::time_point start = shares.front().start;
  Clock::time_point end = shares.front().end;
  for (const Share& share : shares) {
    sum.units += share.tally.units;
    sum.lookups += share.tally.lookups;
    sum.hits += share.tally.hits;
    sum.worked_s += share.tally.worked_s;
    sum.growth += share.tally.growth;
    start = std::min(start, share.start);
    end = std::max(end, share.end);
  }
  return measure_.describe(sum, std::chrono::duration<double>(end - start).count());
}

}  // namespace cosimo::bench
