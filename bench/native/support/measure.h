// A measure: the work of one thread, and the figures of all threads together.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/arguments.h"

namespace cosimo::bench {

/// Work done: rows, bytes, instructions or operations, as the measure counts.
struct Tally {
  double units = 0;
  double lookups = 0;  // of a cache; `hits` of them found something
  double hits = 0;
  double worked_s = 0;  // of workers that leave something out: what all of them took for the rest
  double growth = 0;    // of memory: sum over `units` caches
};

/// One thread's share. During a round only that thread touches it and its cache lines (CPUs fetch these in
/// pairs).
class alignas(128) Worker {
 public:
  virtual ~Worker() = default;
  /// Works for some 20 to 1000 µs, or longer for one unit: much longer than reading the clock takes, much
  /// shorter than a round.
  virtual void step(Tally& tally) = 0;
};

struct Round {
  double value = 0;
  std::vector<std::pair<std::string, double>> extra;
};

class Measure {
 public:
  virtual ~Measure() = default;
  /// Called on one thread for each worker, all at once: memory is filled in parallel and near its user.
  virtual std::unique_ptr<Worker> make_worker(std::size_t thread) = 0;
  virtual Round describe(const Tally& sum, double seconds) const = 0;
};

/// Each takes its flags, refuses others, and only then starts to work. Throw UsageError.
std::unique_ptr<Measure> make_dot_measure(Arguments& arguments);
std::unique_ptr<Measure> make_codes_measure(Arguments& arguments);
std::unique_ptr<Measure> make_copy_measure(Arguments& arguments);
std::unique_ptr<Measure> make_read_measure(Arguments& arguments);
std::unique_ptr<Measure> make_instructions_measure(Arguments& arguments);
std::unique_ptr<Measure> make_cache_measure(Arguments& arguments);

}  // namespace cosimo::bench
