// Measures the kernels that bound rows by their codes.
#include <algorithm>
#include <limits>
#include <vector>

#include "core/base/aligned_array.h"
#include "core/search/prepared_query.h"
#include "search/code_memory.h"
#include "search/find_kernel.h"
#include "support/measure.h"
#include "support/random.h"

namespace cosimo::bench {
namespace {

constexpr std::size_t kBlocksPerCall = 16;  // as chunk_scan.cpp does; kMaxBlocks for many queries
constexpr std::size_t kBytesPerStep = 1U << 20U;
constexpr std::size_t kProductsPerStep = 1U << 22U;
constexpr std::size_t kMaxQueries = 256;

enum class CodeMethod { upper, whole, many };

struct CodesSettings {
  CodeMethod method;
  std::size_t queries;
  CodeSettings rows;

  double products_per_block() const { return static_cast<double>(queries * kBlockRows * rows.dimensions); }
};

/// The arguments of BoundMany, with the padding that it needs after the last query.
class RandomQueries {
 public:
  RandomQueries(std::size_t count, std::size_t dimensions, std::uint64_t seed)
      : stride_(code_stride(dimensions)) {
    const std::size_t room = (count + kQueryTile - 1) / kQueryTile * kQueryTile * stride_;
    codes_ = make_aligned_array<std::int8_t>(room);
    std::fill_n(codes_.get(), room, std::int8_t{0});
    Random random(seed);
    for (std::size_t at = 0; at < count; ++at) {
      std::vector<float> values(dimensions);
      for (float& value : values) value = static_cast<float>(random.unit() - 0.5);
      const PreparedQuery prepared(values);
      CodeQuery query = prepared.codes();
      query.codes = std::copy_n(query.codes, stride_, codes_.get() + at * stride_) - stride_;
      queries_.push_back(query);
    }
  }

  CodeQueries view() const { return {queries_.size(), queries_.data(), codes_.get(), stride_}; }

 private:
  const std::size_t stride_;
  AlignedArray<std::int8_t> codes_;
  std::vector<CodeQuery> queries_;
};

class CodesWorker : public Worker {
 public:
  explicit CodesWorker(const CodesSettings& settings)
      : settings_(settings),
        queries_(settings.queries, settings.rows.dimensions, settings.rows.seed),
        memory_(settings.rows),
        passed_(std::max(kBlocksPerCall, settings.queries * kMaxBlocks)),
        thresholds_(settings.queries, std::numeric_limits<float>::infinity()),  // nothing passes
        scratch_(make_aligned_array<std::uint8_t>(kMaxBlocks * queries_.view().code_stride * kBlockRows)) {}

  void step(Tally& tally) override {
    const std::size_t enough =
        settings_.method == CodeMethod::many
            ? kProductsPerStep / static_cast<std::size_t>(settings_.products_per_block())
            : kBytesPerStep / settings_.rows.block_bytes();
    std::size_t done = 0;
    do done += bound_next_blocks();
    while (done < enough);
    tally.units += static_cast<double>(done);
  }

 private:
  std::size_t bound_next_blocks() {
    const CodeBlocks codes = memory_.chunk(chunk_);
    const std::size_t most = settings_.method == CodeMethod::many ? kMaxBlocks : kBlocksPerCall;
    const std::size_t count = std::min(most, memory_.blocks_in(chunk_) - block_);
    bound(codes, count);
    __asm__ volatile("" : : "r"(passed_.data()) : "memory");  // used, as far as the compiler knows
    block_ += count;
    if (block_ == memory_.blocks_in(chunk_)) {
      block_ = 0;
      chunk_ = (chunk_ + 1) % memory_.chunk_count();
    }
    return count;
  }

  void bound(const CodeBlocks& codes, std::size_t count) {
    const SearchKernel& kernel = settings_.rows.kernel;
    const CodeQueries queries = queries_.view();
    switch (settings_.method) {
      case CodeMethod::upper:
        return kernel.bound_upper(*queries.queries, codes, block_, count, thresholds_[0], passed_.data());
      case CodeMethod::whole:
        return kernel.bound_whole(*queries.queries, codes, block_, count, thresholds_[0], passed_.data());
      case CodeMethod::many:
        return kernel.bound_many(queries, codes, block_, count, thresholds_.data(), scratch_.get(),
                                 passed_.data());
    }
  }

  const CodesSettings settings_;
  const RandomQueries queries_;
  const CodeMemory memory_;
  std::vector<std::uint16_t> passed_;
  const std::vector<float> thresholds_;
  const AlignedArray<std::uint8_t> scratch_;
  std::size_t chunk_ = 0;
  std::size_t block_ = 0;
};

class CodesMeasure : public Measure {
 public:
  explicit CodesMeasure(const CodesSettings& settings) : settings_(settings) {}

  std::unique_ptr<Worker> make_worker(std::size_t) override {
    return std::make_unique<CodesWorker>(settings_);
  }

  Round describe(const Tally& sum, double seconds) const override {
    const double blocks_per_s = sum.units / seconds;
    const double gb_per_s = blocks_per_s * static_cast<double>(settings_.rows.block_bytes()) / 1e9;
    const double rows_per_s = blocks_per_s * kBlockRows;
    if (settings_.method != CodeMethod::many) return {gb_per_s, {{"rows_per_s", rows_per_s}}};
    return {blocks_per_s * settings_.products_per_block() / 1e9,
            {{"rows_per_s", rows_per_s}, {"code_gb_per_s", gb_per_s}}};
  }

 private:
  const CodesSettings settings_;
};

CodeMethod method_named(const std::string& name) {
  if (name == "upper") return CodeMethod::upper;
  if (name == "whole") return CodeMethod::whole;
  if (name == "many") return CodeMethod::many;
  throw UsageError("--method must be upper, whole or many, not '" + name + "'.");
}

}  // namespace

std::unique_ptr<Measure> make_codes_measure(Arguments& arguments) {
  const SearchKernel& kernel = find_kernel(arguments.take_text("kernel"));
  const CodeMethod method = method_named(arguments.take_text("method"));
  const bool many = method == CodeMethod::many;
  const std::size_t queries = many ? arguments.take_count("queries", 1, kMaxQueries, 64) : 1;
  const std::size_t dimensions = arguments.take_count("dimensions", 1, kMaxDimensions, 384);
  const std::size_t planes = method == CodeMethod::upper ? 1 : 2;
  const std::uint64_t seed = arguments.take_count("seed", 0, kLargestSeed, 1);
  CodeSettings rows = {kernel, dimensions, 0, planes, seed};
  rows.blocks = arguments.take_count("bytes", rows.block_bytes(), std::size_t{1} << 40U) / rows.block_bytes();
  arguments.require_all_taken();
  return std::make_unique<CodesMeasure>(CodesSettings{method, queries, rows});
}

}  // namespace cosimo::bench
