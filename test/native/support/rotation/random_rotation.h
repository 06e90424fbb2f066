// Rotations that tests give to an index.
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include "core/rotation/rotation.h"

namespace cosimo::test {

/// `wanted` orthonormal vectors in random directions, one after another.
inline std::vector<double> random_basis(std::size_t dimensions, std::size_t wanted,
                                        std::mt19937_64& random_bits) {
  std::normal_distribution<double> normal;
  std::vector<double> basis(wanted * dimensions);
  for (std::size_t at = 0; at < wanted; ++at) {
    double* vector = basis.data() + at * dimensions;
    for (std::size_t i = 0; i < dimensions; ++i) vector[i] = normal(random_bits);
    for (std::size_t other = 0; other < 2 * at; ++other) {  // twice, against rounding
      const double* earlier = basis.data() + other % at * dimensions;
      double product = 0;
      for (std::size_t i = 0; i < dimensions; ++i) product += vector[i] * earlier[i];
      for (std::size_t i = 0; i < dimensions; ++i) vector[i] -= product * earlier[i];
    }
    double squares = 0;
    for (std::size_t i = 0; i < dimensions; ++i) squares += vector[i] * vector[i];
    for (std::size_t i = 0; i < dimensions; ++i) vector[i] /= std::sqrt(squares);
  }
  return basis;
}

/// Needs head + kRecordDimensions ≤ dimensions.
inline std::shared_ptr<const Rotation> random_rotation(std::size_t dimensions, std::size_t head,
                                                       std::mt19937_64& random_bits) {
  return std::make_shared<const Rotation>(dimensions, head,
                                          random_basis(dimensions, head + kRecordDimensions, random_bits));
}

}  // namespace cosimo::test
