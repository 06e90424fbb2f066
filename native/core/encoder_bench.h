// What one thread of an encoder works in, counted.
#pragma once

#include <atomic>
#include <cstddef>

#include "core/aligned_buffer.h"
#include "core/encoder_workspace.h"
#include "core/shared_stages.h"

namespace cosimo {

class EncoderBench {
 public:
  /// `total_bytes` counts the memory of this and others.
  EncoderBench(const EncoderWeights& weights, std::atomic<std::size_t>& total_bytes) noexcept
      : workspace_(weights), total_bytes_(total_bytes) {}
  ~EncoderBench() { total_bytes_.fetch_sub(counted_bytes_, std::memory_order_relaxed); }
  EncoderBench(const EncoderBench&) = delete;
  EncoderBench& operator=(const EncoderBench&) = delete;

  /// Room for so many tokens, and so much scratch. Throws std::bad_alloc.
  void reserve(std::size_t tokens, std::size_t scratch_bytes) {
    if (scratch_bytes > scratch_.bytes) {
      scratch_ = {};
      memory_.reset();
      memory_ = make_aligned_array<std::byte>(scratch_bytes);
      scratch_ = {memory_.get(), scratch_bytes};
    }
    workspace_.reserve(tokens);
    const std::size_t bytes = workspace_.bytes() + scratch_.bytes;
    total_bytes_.fetch_add(bytes - counted_bytes_, std::memory_order_relaxed);  // less, too: it wraps around
    counted_bytes_ = bytes;
  }

  EncoderWorkspace& workspace() noexcept { return workspace_; }
  const StageScratch& scratch() const noexcept { return scratch_; }

 private:
  EncoderWorkspace workspace_;
  StageScratch scratch_;
  AlignedArray<std::byte> memory_;
  std::atomic<std::size_t>& total_bytes_;
  std::size_t counted_bytes_ = 0;
};

}  // namespace cosimo
