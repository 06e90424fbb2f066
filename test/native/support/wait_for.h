// Waiting for something that other threads do without a signal.
#pragma once

#include <chrono>
#include <thread>

namespace cosimo::test {

/// Polls until `condition` holds. False if that takes longer than `patience`, which only happens if something
/// is wrong.
template <typename Condition>
bool wait_for(Condition&& condition, std::chrono::seconds patience = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace cosimo::test
