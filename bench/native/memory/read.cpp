// The rate at which memory can be read: the limit of any scan.
#include <algorithm>
#include <cstring>

#include "memory/read_loops.h"
#include "support/huge_pages.h"
#include "support/measure.h"

namespace cosimo::bench {
namespace {

constexpr std::size_t kBytesPerStep = 1U << 20U;  // between looks at the clock

class ReadWorker : public Worker {
 public:
  explicit ReadWorker(std::size_t bytes) : memory_(bytes), bytes_(bytes), loop_(widest_read_loop()) {
    std::memset(memory_.get(), 1, bytes);  // pages that were never written are all the one zero page
  }

  void step(Tally& tally) override {
    for (std::size_t done = 0; done < kBytesPerStep;) {
      const std::size_t count = std::min(bytes_ - at_, kBytesPerStep);
      loop_(memory_.get() + at_, count);
      at_ = at_ + count == bytes_ ? 0 : at_ + count;
      done += count;
      tally.units += static_cast<double>(count);
    }
  }

 private:
  const HugePages memory_;
  const std::size_t bytes_;
  const ReadLoop loop_;
  std::size_t at_ = 0;
};

class ReadMeasure : public Measure {
 public:
  /// pass_bytes: bytes of a pass if passes are counted, else 0.
  ReadMeasure(std::size_t bytes, std::size_t pass_bytes) : bytes_(bytes), pass_bytes_(pass_bytes) {}

  std::unique_ptr<Worker> make_worker(std::size_t) override { return std::make_unique<ReadWorker>(bytes_); }

  Round describe(const Tally& sum, double seconds) const override {
    const double gb_per_s = sum.units / seconds / 1e9;
    if (pass_bytes_ == 0) return {gb_per_s, {}};
    return {sum.units / seconds / static_cast<double>(pass_bytes_), {{"gb_per_s", gb_per_s}}};
  }

 private:
  const std::size_t bytes_;
  const std::size_t pass_bytes_;
};

}  // namespace

std::unique_ptr<Measure> make_read_measure(Arguments& arguments) {
  constexpr std::size_t kMost = std::size_t{1} << 40U;
  const std::size_t bytes = arguments.take_count("bytes", kReadGranule, kMost);
  const std::size_t pass_bytes = arguments.take_count("pass-bytes", 0, kMost, 0);
  arguments.require_all_taken();
  return std::make_unique<ReadMeasure>(bytes / kReadGranule * kReadGranule, pass_bytes);
}

}  // namespace cosimo::bench
