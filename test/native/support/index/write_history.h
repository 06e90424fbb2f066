// What two writers did to an index, and whether an answer of a search fits: whether it is right for some
// state that the index had between the call and the answer.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/search/top_k.h"
#include "support/search/reference_search.h"

namespace cosimo::test {

constexpr std::size_t kStressQueries = 4;
constexpr std::size_t kStressWriters = 2;

/// One row of a key, known by its scores. A row that replaces it is another version of the key.
struct Version {
  std::uint64_t key;
  std::array<float, kStressQueries> scores;
};

/// The writes of one writer, in order. The writer alone appends; others may read the writes that begun()
/// counts.
class History {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::uint64_t kUnended = ~std::uint64_t{0};

  struct Write {
    std::uint32_t removed = kNone;  // a version
    std::uint32_t first_added = 0;
    std::uint32_t added_count = 0;
    std::uint64_t begin = 0;  // ticks of the clock
    std::atomic<std::uint64_t> end{kUnended};
  };

  /// `clock` ticks for all writers together.
  History(std::atomic<std::uint64_t>& clock, std::size_t most_writes, std::size_t most_versions)
      : clock_(clock),
        most_writes_(most_writes),
        most_versions_(most_versions),
        writes_(new Write[most_writes]),
        versions_(new Version[most_versions]) {}

  bool has_room_for(std::size_t versions) const {
    return begun() < most_writes_ && version_count_ + versions <= most_versions_;
  }

  /// Adds a version, for the next write to refer to.
  std::uint32_t note(const Version& version) {
    versions_[version_count_] = version;
    return version_count_++;
  }

  /// Called before and after the write. `added_count`: how many versions were noted for it.
  void begin(std::uint32_t removed, std::uint32_t added_count) {
    const std::size_t at = begun();
    Write& write = writes_[at];
    write.removed = removed;
    write.first_added = version_count_ - added_count;
    write.added_count = added_count;
    write.begin = clock_.fetch_add(1);
    begun_.store(at + 1, std::memory_order_release);
  }
  void end() {
    const std::size_t at = begun() - 1;
    writes_[at].end.store(clock_.fetch_add(1), std::memory_order_release);
    ended_.store(at + 1, std::memory_order_release);
  }

  std::size_t begun() const { return begun_.load(std::memory_order_acquire); }
  std::size_t ended() const { return ended_.load(std::memory_order_acquire); }

  const Write& write(std::size_t at) const { return writes_[at]; }
  const Version& version(std::uint32_t at) const { return versions_[at]; }

  /// When write `at` began and ended. Until it has ended, an answer without it may be right.
  std::uint64_t begin_of(std::size_t at) const { return writes_[at].begin; }
  std::uint64_t end_of(std::size_t at) const {
    return at < begun() ? writes_[at].end.load(std::memory_order_acquire) : kUnended;
  }

 private:
  std::atomic<std::uint64_t>& clock_;
  const std::size_t most_writes_;
  const std::size_t most_versions_;
  const std::unique_ptr<Write[]> writes_;
  const std::unique_ptr<Version[]> versions_;
  std::uint32_t version_count_ = 0;
  std::atomic<std::size_t> begun_{0};
  std::atomic<std::size_t> ended_{0};
};

/// Which versions are live after a number of writes of one history.
class Replica {
 public:
  explicit Replica(const History& history) : history_(history) {}

  void advance_to(std::size_t writes) {
    for (; at_ < writes; ++at_) {
      const History::Write& write = history_.write(at_);
      if (write.removed != History::kNone) remove(write.removed);
      for (std::uint32_t i = 0; i < write.added_count; ++i) add(write.first_added + i);
    }
  }

  std::size_t at() const { return at_; }
  std::span<const std::uint32_t> live() const { return live_; }

 private:
  void add(std::uint32_t version) {
    places_.resize(std::max<std::size_t>(places_.size(), version + 1));
    places_[version] = static_cast<std::uint32_t>(live_.size());
    live_.push_back(version);
  }
  void remove(std::uint32_t version) {
    live_[places_[version]] = live_.back();
    places_[live_.back()] = places_[version];
    live_.pop_back();
  }

  const History& history_;
  std::size_t at_ = 0;
  std::vector<std::uint32_t> live_;
  std::vector<std::uint32_t> places_;
};

struct StressQuestion {
  std::size_t query;
  std::size_t top_k;
  double threshold;
  std::array<std::size_t, kStressWriters> ended_before;  // the call
};

/// Checks the answers of one reader, in the order of its calls.
class Checker {
 public:
  Checker(const History& first, const History& second)
      : histories_{&first, &second}, replicas_{Replica(first), Replica(second)} {}

  /// `begun_after`: for each writer, how many writes had begun when the answer came. A right answer contains
  ///   every write that ended before the call;
  ///   no write that had not begun;
  ///   each write wholly or not at all;
  ///   of two writes that followed one another, the later one only with the earlier one.
  bool fits(const StressQuestion& asked, std::span<const std::size_t> begun_after,
            std::span<const Hit> hits) {
    for (std::size_t writer = 0; writer < kStressWriters; ++writer)
      replicas_[writer].advance_to(asked.ended_before[writer]);
    if (hits.size() > asked.top_k) return false;
    for (std::size_t i = 0; i < hits.size(); ++i) {
      if (static_cast<double>(hits[i].score) < asked.threshold) return false;
      if (i > 0 && !reference_order(hits[i - 1], hits[i])) return false;
    }
    if (asked.top_k == 0) return true;
    const std::optional<Hit> last = hits.size() == asked.top_k ? std::optional(hits.back()) : std::nullopt;
    std::array<std::vector<std::size_t>, kStressWriters> states;
    for (std::size_t writer = 0; writer < kStressWriters; ++writer)
      states[writer] = fitting_states(writer, asked, begun_after[writer], last, hits);
    return any_pair(states[0], states[1]);
  }

 private:
  // A hit as a number; the sum over a set of hits does not depend on their order.
  static std::uint64_t mixed(const Hit& hit) {
    std::uint64_t bits = hit.key * 0x9e3779b97f4a7c15U + std::bit_cast<std::uint32_t>(hit.score);
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31);
  }

  // The states of one writer's rows that give exactly the answer's hits: those that reach the threshold, up
  // to the last hit.
  std::vector<std::size_t> fitting_states(std::size_t writer, const StressQuestion& asked, std::size_t end,
                                          const std::optional<Hit>& last, std::span<const Hit> hits) const {
    const History& history = *histories_[writer];
    std::uint64_t wanted = 0;
    for (const Hit& hit : hits) {
      if (hit.key % kStressWriters == writer) wanted += mixed(hit);
    }
    const auto part = [&](std::uint32_t at) -> std::uint64_t {
      const Version& version = history.version(at);
      const Hit hit = {version.scores[asked.query], version.key};
      const bool counts =
          static_cast<double>(hit.score) >= asked.threshold && !(last && reference_order(*last, hit));
      return counts ? mixed(hit) : 0;
    };
    std::uint64_t sum = 0;
    for (const std::uint32_t version : replicas_[writer].live()) sum += part(version);
    std::vector<std::size_t> states;
    for (std::size_t at = replicas_[writer].at();; ++at) {
      if (sum == wanted) states.push_back(at);
      if (at == end) return states;
      const History::Write& write = history.write(at);
      if (write.removed != History::kNone) sum -= part(write.removed);
      for (std::uint32_t i = 0; i < write.added_count; ++i) sum += part(write.first_added + i);
    }
  }

  // Whether some state of the first writer's rows and some state of the second's can have existed at the same
  // time: neither lacks a write that had ended before a write of the other began. Later states of the first
  // go with later states of the second.
  bool any_pair(const std::vector<std::size_t>& firsts, const std::vector<std::size_t>& seconds) const {
    const History& a = *histories_[0];
    const History& b = *histories_[1];
    auto second = seconds.begin();
    for (const std::size_t first : firsts) {
      const std::uint64_t least = first == 0 ? 0 : a.begin_of(first - 1);
      while (second != seconds.end() && b.end_of(*second) < least) ++second;
      if (second == seconds.end()) return false;
      if (*second == 0 || b.begin_of(*second - 1) <= a.end_of(first)) return true;
    }
    return false;
  }

  const std::array<const History*, kStressWriters> histories_;
  std::array<Replica, kStressWriters> replicas_;
};

}  // namespace cosimo::test
