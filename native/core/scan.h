// The scan of one chunk: every visible row scored, the best kept.
#pragma once

#include <cstddef>
#include <span>

#include "core/aligned_buffer.h"
#include "core/row_chunk.h"
#include "core/top_k.h"
#include "kernels/kernel.h"

namespace cosimo {

/// The inner product as results carry it: rounded once to float32, saturated at ±FLT_MAX, so always finite.
float round_score(double sum) noexcept;

/// A query as kernels want it: doubles, aligned, zero-padded to `stride`. Immutable, so safe from every
/// thread.
class PreparedQuery {
 public:
  /// Copies. Throws Error not_finite, std::bad_alloc.
  PreparedQuery(std::span<const float> query, std::size_t stride);

  const double* data() const noexcept { return values_.get(); }
  std::size_t stride() const noexcept { return stride_; }

 private:
  std::size_t stride_;
  AlignedArray<double> values_;
};

/// Offers every row of the chunk that is visible at `sequence`. The caller holds a pin of that sequence.
/// Throws std::bad_alloc.
void scan_chunk(const RowChunk& chunk, Sequence sequence, const PreparedQuery& query, const Kernel& kernel,
                TopK& best);

}  // namespace cosimo
