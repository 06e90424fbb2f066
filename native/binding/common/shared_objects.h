// Objects that several environments of a process share, found by a number.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace cosimo::binding {

/// Safe from every thread. It keeps no object alive: an object can be opened as long as somebody else holds
/// it.
template <typename Object>
class SharedObjects {
 public:
  /// The number of an object, the same on every call. Throws std::bad_alloc.
  std::uint64_t share(const std::shared_ptr<Object>& object) {
    const std::lock_guard lock(mutex_);
    std::erase_if(objects_, [](const auto& entry) { return entry.second.expired(); });
    for (const auto& [number, known] : objects_) {
      if (known.lock() == object) return number;
    }
    objects_.emplace(++last_, object);
    return last_;
  }

  /// The object of that number; null when there is none, or it is gone.
  std::shared_ptr<Object> open(std::uint64_t number) const {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(number);
    return found == objects_.end() ? nullptr : found->second.lock();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::weak_ptr<Object>> objects_;
  std::uint64_t last_ = 0;
};

}  // namespace cosimo::binding
