#include "core/base/thread_number.h"

#include <bitset>
#include <mutex>

namespace cosimo {
namespace {

struct Numbers {
  std::mutex mutex;
  std::bitset<kNumberedThreads> taken;
};

// Never destroyed: threads may end after the program's static objects have.
Numbers& numbers() noexcept {
  alignas(Numbers) static std::byte memory[sizeof(Numbers)];
  static auto* const made = new (memory) Numbers;
  return *made;
}

class OwnNumber {
 public:
  OwnNumber() noexcept {
    Numbers& all = numbers();
    const std::lock_guard lock(all.mutex);
    while (value_ < kNumberedThreads && all.taken[value_]) ++value_;
    if (value_ < kNumberedThreads) all.taken[value_] = true;
  }

  ~OwnNumber() {
    if (value_ == kNumberedThreads) return;
    Numbers& all = numbers();
    const std::lock_guard lock(all.mutex);
    all.taken[value_] = false;
  }

  std::size_t value() const noexcept { return value_; }

 private:
  std::size_t value_ = 0;
};

}  // namespace

std::size_t thread_number() noexcept {
  thread_local const OwnNumber own;
  return own.value();
}

}  // namespace cosimo
