// Searches of one index on threads of their own.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/thread_pool.h"
#include "core/top_k.h"
#include "core/vector_index.h"
#include "kernels/kernel.h"

namespace cosimo {

struct SearchResult {
  std::vector<Hit> hits;
  std::exception_ptr error;  // set instead of hits: std::bad_alloc, or Error closed
};

/// A search starts when a thread is free and pins the index at that moment. While it scans, threads that have
/// nothing else to do take chunks of it: many searches run side by side, a lone one is split. (Sharing one
/// pass comes later.)
///
/// All calls belong to one thread (the owner); writers of the index may be others.
class Searcher {
 public:
  /// Called exactly once, on a pool thread, or on the thread that closes or stops. Must not throw.
  using Done = std::function<void(SearchResult)>;

  /// Throws std::system_error, std::bad_alloc.
  Searcher(std::shared_ptr<const VectorIndex> index, const Kernel& kernel, std::size_t thread_count);
  /// Stops.
  ~Searcher();

  /// The at most `top_k` best rows with (double)score ≥ threshold. `query` holds `dimensions` floats and is
  /// copied. Throws Error invalid_argument, not_finite, closed; std::bad_alloc. `done` is then not called.
  void search(std::span<const float> query, std::size_t top_k, double threshold, Done done);

  /// Waiting searches end with `closed`, running ones run on; waits for nothing. Lets go of the index, whose
  /// memory comes back with the last running search. Idempotent.
  void close() noexcept;

  /// Closes, ends running searches at their next chunk with `closed`, and waits for the threads. Idempotent.
  void stop() noexcept;

 private:
  std::atomic<bool> stopping_{false};
  std::shared_ptr<const VectorIndex> index_;
  const Kernel& kernel_;
  ThreadPool pool_;  // last: its threads end before what they use
};

}  // namespace cosimo
