// Objects that several environments of one process use, found by a number.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace cosimo {

/// Process-wide when it is a static object; safe from every thread. It keeps nothing alive: an object is
/// there as long as someone who shared or opened it holds it.
template <typename Object>
class SharedObjects {
 public:
  /// A number by which others find the object; the same one each time. Throws std::bad_alloc.
  std::uint64_t share(const std::shared_ptr<Object>& object) {
    const std::lock_guard lock(mutex_);
    std::erase_if(objects_, [](const auto& entry) { return entry.second.expired(); });
    for (const auto& [number, known] : objects_) {
      if (known.lock() == object) return number;
    }
    objects_.emplace(++last_, object);
    return last_;
  }

  /// Null when there is none, or none any more.
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

}  // namespace cosimo
