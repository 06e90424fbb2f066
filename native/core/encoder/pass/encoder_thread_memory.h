// The memory that one thread of an encoder works in, and how much it is.
#pragma once

#include <atomic>
#include <cstddef>

#include "core/base/aligned_array.h"
#include "core/encoder/pass/encoder_workspace.h"
#include "core/encoder/pass/shared_stages.h"

namespace cosimo {

class EncoderThreadMemory {
 public:
  /// `total_bytes` counts the memory of all threads together.
  EncoderThreadMemory(const EncoderWeights& weights, std::atomic<std::size_t>& total_bytes) noexcept
      : workspace_(weights), total_bytes_(total_bytes) {}
  ~EncoderThreadMemory() { total_bytes_.fetch_sub(counted_bytes_, std::memory_order_relaxed); }
  EncoderThreadMemory(const EncoderThreadMemory&) = delete;
  EncoderThreadMemory& operator=(const EncoderThreadMemory&) = delete;

  /// Makes room for `tokens` tokens and `scratch_bytes` of scratch. Throws std::bad_alloc.
  void reserve(std::size_t tokens, std::size_t scratch_bytes) {
    const Recount recount{*this};
    if (scratch_bytes > scratch_.bytes) {
      scratch_ = {};
      memory_.reset();
      memory_ = make_aligned_array<std::byte>(scratch_bytes);
      scratch_ = {memory_.get(), scratch_bytes};
    }
    workspace_.reserve(tokens);
  }

  EncoderWorkspace& workspace() noexcept { return workspace_; }
  const StageScratch& scratch() const noexcept { return scratch_; }

 private:
  // Counts even when an allocation fails: the old memory is gone by then.
  struct Recount {
    EncoderThreadMemory& owner;
    ~Recount() {
      const std::size_t bytes = owner.workspace_.bytes() + owner.scratch_.bytes;
      // Unsigned wrap-around subtracts when memory shrank.
      owner.total_bytes_.fetch_add(bytes - owner.counted_bytes_, std::memory_order_relaxed);
      owner.counted_bytes_ = bytes;
    }
  };

  EncoderWorkspace workspace_;
  StageScratch scratch_;
  AlignedArray<std::byte> memory_;
  std::atomic<std::size_t>& total_bytes_;
  std::size_t counted_bytes_ = 0;
};

}  // namespace cosimo
