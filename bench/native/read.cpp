// How fast memory can be read: the most that any scan of it can reach.
#include <algorithm>
#include <cstring>

#include "huge_pages.h"
#include "measure.h"
#include "read_loops.h"

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
  explicit ReadMeasure(std::size_t bytes) : bytes_(bytes) {}

  std::unique_ptr<Worker> make_worker(std::size_t) override { return std::make_unique<ReadWorker>(bytes_); }

  Round describe(const Tally& sum, double seconds) const override { return {sum.units / seconds / 1e9, {}}; }

 private:
  const std::size_t bytes_;
};

}  // namespace

std::unique_ptr<Measure> make_read_measure(Arguments& arguments) {
  const std::size_t bytes = arguments.take_count("bytes", kReadGranule, std::size_t{1} << 40U);
  arguments.require_all_taken();
  return std::make_unique<ReadMeasure>(bytes / kReadGranule * kReadGranule);
}

}  // namespace cosimo::bench
