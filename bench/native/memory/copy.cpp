// The least cost of building an index: rows copied into fresh memory, then read again and written as codes.
#include <atomic>
#include <chrono>
#include <cstring>

#include "memory/quantize_loops.h"
#include "support/huge_pages.h"
#include "support/measure.h"

namespace cosimo::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPause = std::chrono::milliseconds(200);

struct CopySettings {
  std::size_t rows;
  std::size_t dimensions;

  std::size_t floats() const { return rows * dimensions; }
};

class CopyWorker : public Worker {
 public:
  explicit CopyWorker(const CopySettings& settings)
      : settings_(settings), source_(settings.floats() * sizeof(float)), quantize_(widest_quantize_loop()) {
    float* floats = reinterpret_cast<float*>(source_.get());
    for (std::size_t i = 0; i < settings.floats(); ++i)
      floats[i] = static_cast<float>(i % 255) / 127.0F - 1.0F;
  }

  /// Copies all rows, which takes milliseconds to a second. Freeing the memory isn't timed. Neither is the
  /// first copy after a pause: a virtual machine's host may have taken free memory back, and getting it again
  /// takes longer than copying.
  void step(Tally& tally) override {
    if (Clock::now() - copied_ > kPause) copy();
    const auto start = Clock::now();
    copy();
    tally.worked_s += std::chrono::duration<double>(copied_ - start).count();
    tally.units += static_cast<double>(settings_.rows);
  }

 private:
  void copy() {
    const std::size_t bytes = settings_.floats() * sizeof(float);
    const HugePages rows(bytes);
    const HugePages codes(settings_.floats());
    std::memcpy(rows.get(), source_.get(), bytes);
    quantize_(reinterpret_cast<const float*>(rows.get()), reinterpret_cast<std::int8_t*>(codes.get()),
              settings_.floats());
    __asm__ volatile("" : : "r"(codes.get()) : "memory");  // keeps the compiler from removing the codes
    copied_ = Clock::now();
  }

  const CopySettings settings_;
  const HugePages source_;
  const QuantizeLoop quantize_;
  Clock::time_point copied_;  // when the last copy ended, before its memory was freed
};

class CopyMeasure : public Measure {
 public:
  explicit CopyMeasure(const CopySettings& settings) : settings_(settings) {}

  std::unique_ptr<Worker> make_worker(std::size_t) override {
    ++workers_;
    return std::make_unique<CopyWorker>(settings_);
  }

  Round describe(const Tally& sum, double) const override {
    const double rows_per_s = sum.units / sum.worked_s * static_cast<double>(workers_);
    const double copied = rows_per_s * static_cast<double>(settings_.dimensions * sizeof(float));
    return {rows_per_s, {{"copied_gb_per_s", copied / 1e9}}};
  }

 private:
  const CopySettings settings_;
  std::atomic<std::size_t> workers_{0};
};

}  // namespace

std::unique_ptr<Measure> make_copy_measure(Arguments& arguments) {
  const std::size_t dimensions = arguments.take_count("dimensions", 1, 16384, 384);
  const std::size_t rows = arguments.take_count("rows", 1, (std::size_t{1} << 40U) / dimensions);
  arguments.require_all_taken();
  return std::make_unique<CopyMeasure>(CopySettings{rows, dimensions});
}

}  // namespace cosimo::bench
