#include "core/searcher.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/search_job.h"

namespace cosimo {
namespace {

// A thread is woken for this many rows; fewer are scanned sooner than it would come.
constexpr std::size_t kRowsPerHelper = 16 * 1024;

// A helper may come late, when the job has long ended: then it finds no chunk and goes.
void queue_helpers(ThreadPool& pool, const std::shared_ptr<SearchJob>& job, std::size_t rows) noexcept {
  const std::size_t useful = std::min(pool.thread_count(), rows / kRowsPerHelper + 1);
  try {
    for (std::size_t helper = 1; helper < useful; ++helper) {
      pool.submit([job](TaskFate fate) {
        if (fate == TaskFate::run) job->help();
      });
    }
  } catch (const std::bad_alloc&) {
    // The search goes on with the threads it has.
  }
}

}  // namespace

Searcher::Searcher(std::shared_ptr<const VectorIndex> index, const Kernel& kernel, std::size_t thread_count)
    : index_(std::move(index)), kernel_(kernel), pool_(thread_count) {}

Searcher::~Searcher() { stop(); }

void Searcher::search(std::span<const float> query, std::size_t top_k, double threshold, Done done) {
  const std::shared_ptr<const VectorIndex> index = index_;
  if (!index) throw Error(ErrorCode::closed, "The index is closed");
  if (query.size() != index->dimensions()) {
    throw Error(ErrorCode::invalid_argument, "query must hold `dimensions` floats");
  }
  auto job = std::make_shared<SearchJob>(index, kernel_, stopping_, PreparedQuery(query, index->stride()),
                                         TopK(top_k, threshold), std::move(done));
  const bool queued = pool_.submit([this, job](TaskFate fate) {
    if (fate == TaskFate::cancelled) return job->cancel();
    job->start([this, &job](std::size_t rows) { queue_helpers(pool_, job, rows); });
  });
  if (!queued) throw Error(ErrorCode::closed, "The index is closed");
}

void Searcher::close() noexcept {
  index_.reset();
  pool_.close();
}

void Searcher::stop() noexcept {
  stopping_.store(true, std::memory_order_relaxed);
  close();
  pool_.join();
}

}  // namespace cosimo
