// A thread that does small pieces of work once nobody has asked for anything else for a while.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace cosimo {

class Janitor {
 public:
  /// `step` does a piece of work and says whether there is more; called on the janitor's thread. Must not
  /// throw.
  explicit Janitor(std::function<bool()> step) : step_(std::move(step)) {}
  /// Waits for the piece under way.
  ~Janitor();
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;

  /// Something changed that may need tidying, though not before it has been quiet for a tenth of a second.
  /// Starts the thread when there is none; where the system gives none, nothing is tidied. Any thread.
  void note_change() noexcept;

 private:
  void work() noexcept;
  bool rest(std::unique_lock<std::mutex>& lock);

  const std::function<bool()> step_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t changes_ = 0;
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace cosimo
