// Measures the score_rows kernels; each thread has a matrix of its own.
#include <algorithm>

#include "core/base/aligned_array.h"
#include "core/index/chunk_layout.h"
#include "core/index/row_chunk.h"
#include "core/search/prepared_query.h"
#include "search/find_kernel.h"
#include "support/measure.h"
#include "support/random.h"

namespace cosimo::bench {
namespace {

constexpr std::size_t kRowsPerCall = 64;           // enough to make a call cheap; a scan scores single rows
constexpr std::size_t kFloatsPerStep = 1U << 18U;  // 1 MiB of rows between looks at the clock

struct DotSettings {
  const SearchKernel& kernel;
  std::size_t dimensions;
  std::size_t rows;
  std::uint64_t seed;

  std::size_t stride() const { return padded_stride(dimensions); }
};

/// Rows in chunks, on ordinary pages.
class DotWorker : public Worker {
 public:
  DotWorker(const DotSettings& settings, std::size_t thread)
      : settings_(settings), query_(random_query(settings)) {
    Random random(settings.seed, thread + 1);
    for (std::size_t left = settings.rows; left > 0; left -= chunks_.back().rows) {
      chunks_.push_back(make_chunk(std::min(left, kRowsPerChunk), random));
    }
  }

  void step(Tally& tally) override {
    const std::size_t enough = std::max<std::size_t>(1, kFloatsPerStep / settings_.stride());
    std::size_t done = 0;
    while (done < enough) done += score_next_block();
    tally.units += static_cast<double>(done);
  }

 private:
  struct Chunk {
    AlignedArray<float> floats;
    std::size_t rows;
  };

  static std::vector<float> random_query(const DotSettings& settings) {
    Random random(settings.seed);
    std::vector<float> query(settings.dimensions);
    for (float& value : query) value = static_cast<float>(random.unit() - 0.5);
    return query;
  }

  Chunk make_chunk(std::size_t rows, Random& random) const {
    const std::size_t stride = settings_.stride();
    Chunk chunk = {make_aligned_array<float>(rows * stride), rows};
    for (std::size_t i = 0; i < rows * stride; ++i) {
      chunk.floats[i] = i % stride < settings_.dimensions ? static_cast<float>(random.unit() - 0.5) : 0.0F;
    }
    return chunk;
  }

  std::size_t score_next_block() {
    const Chunk& chunk = chunks_[chunk_];
    const std::size_t count = std::min(kRowsPerCall, chunk.rows - row_);
    double sums[kRowsPerCall];
    settings_.kernel.score_rows(query_.data(), chunk.floats.get() + row_ * settings_.stride(), count,
                                settings_.stride(), sums);
    __asm__ volatile("" : : "r"(sums) : "memory");  // the sums are used, as far as the compiler knows
    row_ += count;
    if (row_ == chunk.rows) {
      row_ = 0;
      chunk_ = (chunk_ + 1) % chunks_.size();
    }
    return count;
  }

  const DotSettings settings_;
  const PreparedQuery query_;
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t row_ = 0;
};

class DotMeasure : public Measure {
 public:
  explicit DotMeasure(const DotSettings& settings) : settings_(settings) {}

  std::unique_ptr<Worker> make_worker(std::size_t thread) override {
    return std::make_unique<DotWorker>(settings_, thread);
  }

  Round describe(const Tally& sum, double seconds) const override {
    const double row_bytes = static_cast<double>(settings_.stride() * sizeof(float));
    return {sum.units * row_bytes / seconds / 1e9, {{"dot_products_per_s", sum.units / seconds}}};
  }

 private:
  const DotSettings settings_;
};

}  // namespace

std::unique_ptr<Measure> make_dot_measure(Arguments& arguments) {
  const SearchKernel& kernel = find_kernel(arguments.take_text("kernel"));
  const std::size_t dimensions = arguments.take_count("dimensions", 1, kMaxDimensions, 384);
  const std::size_t row_bytes = padded_stride(dimensions) * sizeof(float);
  const std::size_t bytes = arguments.take_count("bytes", row_bytes, std::size_t{1} << 40U);
  const std::uint64_t seed = arguments.take_count("seed", 0, kLargestSeed, 1);
  arguments.require_all_taken();
  return std::make_unique<DotMeasure>(DotSettings{kernel, dimensions, bytes / row_bytes, seed});
}

}  // namespace cosimo::bench
