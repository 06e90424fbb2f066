// The directions in which rows are longest.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <vector>

namespace cosimo {

/// `wanted` orthonormal vectors, one after another, which approximate the leading eigenvectors of XᵀX,
/// longest first. X has rows.size() / dimensions rows. Empty once `stopping` is set. Throws std::bad_alloc.
std::vector<double> principal_directions(std::span<const float> rows, std::size_t dimensions,
                                         std::size_t wanted, const std::atomic<bool>& stopping);

}  // namespace cosimo
