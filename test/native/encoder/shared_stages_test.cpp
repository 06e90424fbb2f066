// Stages that threads share: every item is done once, while helpers come and go; a leader without helpers
// does everything; a leader that was kept waiting works alone.
#include "core/encoder/pass/shared_stages.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "support/check.h"

namespace cosimo::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxCount = 40;

void test_alone(bool shared) {
  SharedStages stages(shared, 128);
  CHECK(stages.scratch_bytes() == 128);
  std::byte memory[1];
  const StageScratch own{memory, 1};
  std::vector<std::size_t> order;
  bool is_own = true;
  for (std::size_t count = 0; count < 5; ++count) {
    stages.run(count, own, [&](std::size_t item, const StageScratch& scratch) {
      order.push_back(item);
      is_own = is_own && scratch.memory == memory;
    });
  }
  CHECK(is_own);
  CHECK(order == std::vector<std::size_t>{0, 0, 1, 0, 1, 2, 0, 1, 2, 3});
  CHECK(!stages.was_kept_waiting());
}

// Helpers come, leave when told to, and come back, while a leader goes through many stages of all sizes.
void test_each_item_once() {
  constexpr std::size_t kHelpers = 3;
  SharedStages stages(true, 0);
  std::atomic<bool> over{false};
  std::atomic<std::size_t> helped{0};
  std::vector<std::thread> helpers;
  const std::thread::id leader = std::this_thread::get_id();
  for (std::size_t i = 0; i < kHelpers; ++i) {
    helpers.emplace_back([&, i] {
      while (!over.load()) {
        std::size_t looks = 0;
        stages.help({}, [&] { return ++looks > 50 * (i + 1); });
      }
    });
  }
  bool each_once = true;
  for (std::size_t stage = 0; stage < 1000 || (helped == 0 && stage < 1'000'000); ++stage) {
    const std::size_t count = stage % (kMaxCount + 1);
    std::array<std::atomic<int>, kMaxCount> done{};
    std::size_t sum = 0;  // written by nobody while the stage runs
    stages.run(count, {}, [&](std::size_t item, const StageScratch&) {
      done[item].fetch_add(1, std::memory_order_relaxed);
      if (std::this_thread::get_id() != leader) helped.fetch_add(1, std::memory_order_relaxed);
      if (item % 7 == 3) std::this_thread::yield();
    });
    for (std::size_t item = 0; item < kMaxCount; ++item) {
      each_once = each_once && done[item].load(std::memory_order_relaxed) == (item < count ? 1 : 0);
      sum += static_cast<std::size_t>(done[item].load(std::memory_order_relaxed));
    }
    each_once = each_once && sum == count;
  }
  CHECK(each_once);
  CHECK(helped > 0);
  stages.end();
  over = true;
  for (std::thread& helper : helpers) helper.join();
}

// A helper holds an item for longer than any item takes: the leader waits for it, and nobody helps from then
// on.
void test_kept_waiting() {
  SharedStages stages(true, 0);
  std::atomic<bool> has_taken{false};
  const std::thread::id leader = std::this_thread::get_id();
  // An idle helper leaves, and this one may be idle for long if the leader has lost its core: it comes back.
  std::thread helper([&] {
    while (!has_taken) stages.help({}, [] { return false; });
  });
  std::atomic<int> done{0};
  stages.run(2, {}, [&](std::size_t, const StageScratch&) {
    if (std::this_thread::get_id() == leader) {
      while (!has_taken) std::this_thread::yield();  // one item for each
    } else {
      has_taken = true;
      std::this_thread::sleep_for(milliseconds(50));
    }
    ++done;
  });
  CHECK(done == 2);
  CHECK(stages.was_kept_waiting());
  helper.join();  // without end(): it has gone by itself
  bool all_by_leader = true;
  stages.run(20, {}, [&](std::size_t, const StageScratch&) {
    all_by_leader = all_by_leader && std::this_thread::get_id() == leader;
  });
  CHECK(all_by_leader);
}

// A helper does not wait for the end of a leader that does nothing for long.
void test_idle_helper_goes() {
  SharedStages stages(true, 0);
  std::thread helper([&] { stages.help({}, [] { return false; }); });
  helper.join();
  CHECK(!stages.was_kept_waiting());
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_alone(true);
  test_alone(false);
  test_each_item_once();
  test_kept_waiting();
  test_idle_helper_goes();
  return finish();
}
