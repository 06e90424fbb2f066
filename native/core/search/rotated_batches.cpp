#include "core/search/rotated_batches.h"

#include <algorithm>

namespace cosimo {
namespace {

// The queries as floats, which they were, with room for a multiple of kRotatedRows.
AlignedArray<float> floats_of(const QueryBatch& batch, std::size_t dimensions) {
  const std::size_t room = (batch.size() + kRotatedRows - 1) / kRotatedRows * kRotatedRows;
  AlignedArray<float> floats = make_aligned_array<float>(room * dimensions);
  std::fill_n(floats.get(), room * dimensions, 0.0F);
  for (std::size_t at = 0; at < batch.size(); ++at) {
    const double* query = batch.search(at).query().data();
    std::transform(query, query + dimensions, floats.get() + at * dimensions,
                   [](double value) { return static_cast<float>(value); });
  }
  return floats;
}

}  // namespace

RotatedBatches::RotatedBatches(const QueryBatch& batch, const Snapshot& snapshot,
                               const SearchKernel& kernel) {
  AlignedArray<float> floats;
  for (const IndexedChunk& chunk : snapshot.chunks()) {
    if (!chunk.rotated) continue;
    const Rotation& rotation = chunk.rotated->rotation();
    const auto is_same = [&rotation](const Rotated& other) { return other.rotation == &rotation; };
    if (std::any_of(all_.begin(), all_.end(), is_same)) continue;
    if (!floats) floats = floats_of(batch, rotation.dimensions());
    all_.push_back(
        {&rotation, std::make_unique<RotatedQueries>(rotation, floats.get(), batch.size(), kernel)});
  }
}

const RotatedQueries& RotatedBatches::of(const Rotation& rotation) const noexcept {
  auto found = all_.begin();
  while (found->rotation != &rotation) ++found;
  return *found->queries;
}

}  // namespace cosimo
