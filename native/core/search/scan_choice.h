// How few queries at once read the codes: the upper plane first, or both planes at once.
#pragma once

#include <atomic>
#include <cstddef>

namespace cosimo {

enum class CodeScan { automatic, planes, bytes };

/// The upper plane is half the bytes; a block with a row that it lets pass is read again, out of order. So
/// the share of such blocks decides, kept as a running average of what scans saw. Any thread; races cost
/// accuracy only.
class ScanChoice {
 public:
  explicit ScanChoice(CodeScan wanted) noexcept : wanted_(wanted) {}

  /// How to read the next chunk. While bytes are chosen, some chunks are read by planes to see if that has
  /// changed.
  bool by_planes() noexcept {
    if (wanted_ != CodeScan::automatic) return wanted_ == CodeScan::planes;
    return planes_pay() ||
           chunks_by_bytes_.fetch_add(1, std::memory_order_relaxed) % kProbeEvery == kProbeEvery - 1;
  }

  bool planes_pay() const noexcept {
    return wanted_ != CodeScan::bytes &&
           (wanted_ == CodeScan::planes || share_.load(std::memory_order_relaxed) < kMostShare);
  }

  bool planes_forced() const noexcept { return wanted_ == CodeScan::planes; }

  /// What one query's reading of a chunk by planes saw, once its threshold had settled.
  void saw(std::size_t blocks, std::size_t blocks_passed) noexcept {
    const double seen = static_cast<double>(blocks_passed) / static_cast<double>(blocks);
    const double before = share_.load(std::memory_order_relaxed);
    share_.store(before + (seen - before) * kWeight, std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kProbeEvery = 32;
  static constexpr double kMostShare = 0.3;
  static constexpr double kWeight = 1.0 / 16;

  const CodeScan wanted_;
  std::atomic<double> share_{0};
  std::atomic<std::size_t> chunks_by_bytes_{0};  // over scans, so that a small index is probed too
};

}  // namespace cosimo
