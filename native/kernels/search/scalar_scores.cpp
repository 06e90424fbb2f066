// Exact scores of the portable kernel: search_kernel.h written out in plain C++. The other kernels compute
// the same, faster.
#include "kernels/search/search_kernel.h"

namespace cosimo {
namespace scalar {
namespace {

double score_row(const double* query, const float* row, std::size_t stride) {
  double lanes[kLanes] = {};
  for (std::size_t i = 0; i < stride; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] += query[i + j] * static_cast<double>(row[i + j]);
  }
  for (std::size_t half = kLanes / 2; half >= 1; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

}  // namespace

void score_rows(const double* query, const float* rows, std::size_t row_count, std::size_t stride,
                double* sums) {
  for (std::size_t row = 0; row < row_count; ++row) sums[row] = score_row(query, rows + row * stride, stride);
}

}  // namespace scalar

const SearchKernel kScalarSearchKernel = {"scalar",
                                          scalar::score_rows,
                                          scalar::bound_upper,
                                          scalar::bound_whole,
                                          scalar::bound_many,
                                          scalar::quantize_block,
                                          {scalar::bound_heads, scalar::bound_records, scalar::rotate_rows}};

}  // namespace cosimo
