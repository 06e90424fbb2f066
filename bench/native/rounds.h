// Rounds of one measure on several threads that start together.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "measure.h"

namespace cosimo::bench {

/// Runs job(0) … job(threads − 1) at once, each on a new thread, none before all are there; then waits for
/// all. Throws what one of them threw, or std::system_error when there are no more threads to be had.
void run_together(std::size_t threads, const std::function<void(std::size_t)>& job);

/// Threads live for a round each, so that between rounds there is nothing that could use the CPU. They are
/// not pinned: CPU numbers don't tell which two share a core, a pinned thread can't leave a CPU that somebody
/// else keeps busy, and rounds were no steadier with it.
class Rounds {
 public:
  using Clock = std::chrono::steady_clock;

  /// Makes the workers and lets them warm up for a round.
  Rounds(Measure& measure, std::size_t threads, double round_s);

  Round run();

 private:
  Measure& measure_;
  const Clock::duration length_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace cosimo::bench
