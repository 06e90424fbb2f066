// Rounds of one measure on several threads that start together.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "support/measure.h"

namespace cosimo::bench {

/// Runs job(0) … job(threads − 1) at once, each on a new thread, and waits for all. None starts before all
/// threads exist. Throws what one of them threw, or std::system_error when a thread can't be started.
void run_together(std::size_t threads, const std::function<void(std::size_t)>& job);

/// Threads live for one round, so that nothing uses the CPU between rounds. They are not pinned: CPU numbers
/// don't tell which two share a core, a pinned thread can't leave a busy CPU, and pinned rounds were no
/// steadier.
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
