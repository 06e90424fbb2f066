// Tells the garbage collector how much native memory an object holds.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>

namespace cosimo::binding {

/// For the JavaScript thread. The owner reports 0 before it is destroyed.
class MemoryReport {
 public:
  void update(Napi::BasicEnv env, std::size_t bytes) {
    if (bytes == reported_) return;
    const auto change = static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(reported_);
    Napi::MemoryManagement::AdjustExternalMemory(env, change);
    reported_ = bytes;
  }

 private:
  std::size_t reported_ = 0;
};

}  // namespace cosimo::binding
