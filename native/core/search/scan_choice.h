// How a scan for a few queries reads codes: the upper plane first, or both planes at once.
#pragma once

#include <atomic>
#include <cstddef>

namespace cosimo {

enum class CodeScan { automatic, planes, bytes };

/// The upper plane is half the bytes, but if it lets a row of a block pass, the block is read again, out of
/// order. So the share of such blocks decides; it is a running average over past scans. Any thread; races
/// only make the average less exact.
class ScanChoice {
 public:
  explicit ScanChoice(CodeScan wanted) noexcept : wanted_(wanted) {}

  /// Whether to read the next chunk by planes. While bytes are the better choice, one chunk in 32 is read by
  /// planes all the same, to notice when that changes.
  bool by_planes() noexcept {
    if (wanted_ != CodeScan::automatic) return wanted_ == CodeScan::planes;
    return planes_pay() ||
           chunks_by_bytes_.fetch_add(1, std::memory_order_relaxed) % kProbeEvery == kProbeEvery - 1;
  }

  bool planes_pay() const noexcept {
    return wanted_ != CodeScan::bytes &&
           (wanted_ == CodeScan::planes || share_.load(std::memory_order_relaxed) < kMaxShare);
  }

  bool planes_forced() const noexcept { return wanted_ == CodeScan::planes; }

  /// Reports a chunk that was read by planes for one query.
  void record(std::size_t blocks, std::size_t blocks_passed) noexcept {
    const double seen = static_cast<double>(blocks_passed) / static_cast<double>(blocks);
    const double before = share_.load(std::memory_order_relaxed);
    share_.store(before + (seen - before) * kWeight, std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kProbeEvery = 32;
  static constexpr double kMaxShare = 0.3;
  static constexpr double kWeight = 1.0 / 16;

  const CodeScan wanted_;
  std::atomic<double> share_{0};
  std::atomic<std::size_t> chunks_by_bytes_{0};  // over all scans, so that a small index is probed too
};

}  // namespace cosimo
