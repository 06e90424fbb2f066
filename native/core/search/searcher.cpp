#include "core/search/searcher.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/error.h"

namespace cosimo {
namespace {

// One helper per 16 Ki rows; fewer are done before it would start.
constexpr std::size_t kRowsPerHelper = 16 * 1024;

// The most searches of one scan. Each costs memory on every thread, and more than this gain nothing.
constexpr std::size_t kMaxSearches = 256;

// std::bad_alloc when there is no memory for the Error itself.
SearchResult failure(ErrorCode code) noexcept {
  const char* sentence = code == ErrorCode::cancelled ? "The search was cancelled" : "The index is closed";
  try {
    return {{}, std::make_exception_ptr(Error(code, sentence))};
  } catch (...) {
    return {{}, std::current_exception()};
  }
}

}  // namespace

Searcher::Searcher(std::shared_ptr<const VectorIndex> index, const SearchKernel& kernel,
                   std::size_t thread_count, CodeScan wanted)
    : context_{kernel, ScanChoice(wanted), {}, {}}, index_(std::move(index)), pool_(thread_count) {}

Searcher::~Searcher() { stop(); }

std::shared_ptr<PendingSearch> Searcher::search(std::span<const float> query, std::size_t top_k,
                                                double threshold, PendingSearch::Done done) {
  // No lock: only the owner changes index_, and only the owner calls this.
  if (!index_) throw Error(ErrorCode::closed, "The index is closed");
  if (query.size() != index_->dimensions()) {
    throw Error(ErrorCode::invalid_argument, "query must hold `dimensions` floats");
  }
  auto search = std::make_shared<PendingSearch>(PreparedQuery(query), top_k, threshold, std::move(done));
  bool idle = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(search);
    idle = !std::exchange(scanning_, true);
  }
  searches_.fetch_add(1, std::memory_order_relaxed);
  if (idle) submit_scan();
  return search;
}

// Called by whoever set `scanning_`, so that there is one scan at a time: from here to begin_scan to
// end_scan.
void Searcher::submit_scan() noexcept {
  SearchResult result;
  do {
    try {
      if (pool_.submit([this](TaskFate fate) { begin_scan(fate); })) return;
      result = failure(ErrorCode::closed);
    } catch (...) {
      result = {{}, std::current_exception()};
    }
  } while (settle_waiting(result));
}

void Searcher::begin_scan(TaskFate fate) noexcept {
  if (fate == TaskFate::cancelled) {
    settle_waiting(failure(ErrorCode::closed));
    return;
  }
  std::vector<std::shared_ptr<PendingSearch>> searches;
  std::shared_ptr<const VectorIndex> index;
  try {
    const std::lock_guard lock(mutex_);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(kMaxSearches, waiting_.size()));
    searches.assign(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    index = index_;
  } catch (...) {
    if (settle_waiting({{}, std::current_exception()})) submit_scan();
    return;
  }
  std::erase_if(searches, [](const auto& search) { return search->is_settled(); });
  run(std::move(searches), std::move(index));
}

void Searcher::run(std::vector<std::shared_ptr<PendingSearch>> searches,
                   std::shared_ptr<const VectorIndex> index) noexcept {
  if (searches.empty()) return end_scan();
  std::shared_ptr<ScanJob> job;
  try {
    if (!index) throw Error(ErrorCode::closed, "The index is closed");
    job = std::make_shared<ScanJob>(std::move(index), searches, context_, [this] { end_scan(); });
  } catch (...) {
    for (const auto& search : searches) search->settle({{}, std::current_exception()});
    return end_scan();
  }
  scans_.fetch_add(1, std::memory_order_relaxed);
  queue_helpers(job);
  job->lead();
}

// A helper that comes after the job's end finds no chunk and returns.
void Searcher::queue_helpers(const std::shared_ptr<ScanJob>& job) noexcept {
  const std::size_t useful = std::min(pool_.thread_count(), job->work() / kRowsPerHelper + 1);
  try {
    for (std::size_t helper = 1; helper < useful; ++helper) {
      pool_.submit([job](TaskFate fate) {
        if (fate == TaskFate::run) job->help();
      });
    }
  } catch (const std::bad_alloc&) {
    // The scan goes on with the threads it has.
  }
}

void Searcher::end_scan() noexcept {
  {
    const std::lock_guard lock(mutex_);
    scanning_ = !waiting_.empty();
    if (!scanning_) return;
  }
  submit_scan();
}

// Ends all searches that wait now. True when others have arrived meanwhile, which need a scan.
bool Searcher::settle_waiting(const SearchResult& result) noexcept {
  std::size_t left = 0;
  {
    const std::lock_guard lock(mutex_);
    left = waiting_.size();
  }
  for (;; --left) {
    std::shared_ptr<PendingSearch> search;
    {
      const std::lock_guard lock(mutex_);
      scanning_ = !waiting_.empty();
      if (left == 0 || !scanning_) return scanning_;
      search = std::move(waiting_.front());
      waiting_.pop_front();
    }
    search->settle(result);
  }
}

void Searcher::cancel(const std::shared_ptr<PendingSearch>& search) noexcept {
  search->settle(failure(ErrorCode::cancelled));
}

void Searcher::close() noexcept {
  std::shared_ptr<const VectorIndex> index;  // ends outside the lock
  {
    const std::lock_guard lock(mutex_);
    index.swap(index_);
  }
  settle_waiting(failure(ErrorCode::closed));
  pool_.close();
}

void Searcher::stop() noexcept {
  context_.stopping.store(true, std::memory_order_relaxed);
  close();
  pool_.join();
}

SearchCounts Searcher::counts() const noexcept {
  return {searches_.load(std::memory_order_relaxed), scans_.load(std::memory_order_relaxed),
          context_.counters.read()};
}

}  // namespace cosimo
