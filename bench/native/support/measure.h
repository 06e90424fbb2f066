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
  double lookups = 0;  // look-ups in a cache; `hits` of them found an entry
  double hits = 0;
  double worked_s = 0;  // Timed seconds, if a worker excludes part of its work.
  double growth = 0;    // of memory, by capacity: the sum over `units` caches
};

/// One thread's share. During a round only that thread touches it and its cache lines (CPUs fetch these in
/// pairs).
class alignas(128) Worker {
 public:
  virtual ~Worker() = default;
  /// Works for about 20 to 1000 µs, or longer if one unit takes longer: much longer than reading the clock,
  /// much shorter than a round.
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

/// Each makes a measure from its flags and throws UsageError for others before any work starts.
std::unique_ptr<Measure> make_dot_measure(Arguments& arguments);
std::unique_ptr<Measure> make_codes_measure(Arguments& arguments);
std::unique_ptr<Measure> make_copy_measure(Arguments& arguments);
std::unique_ptr<Measure> make_read_measure(Arguments& arguments);
std::unique_ptr<Measure> make_instructions_measure(Arguments& arguments);
std::unique_ptr<Measure> make_cache_measure(Arguments& arguments);

}  // namespace cosimo::bench
