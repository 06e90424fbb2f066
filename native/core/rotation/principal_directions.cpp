// Orthogonal iteration: a basis is multiplied by XᵀX and made orthonormal again, several times. It finds the
// leading directions well enough in a fraction of a full eigendecomposition's time. Answers never depend on
// how well: any orthonormal basis keeps scores.
#include "core/rotation/principal_directions.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

namespace cosimo {
namespace {

// By then the norm in the head changes in the third digit only.
constexpr int kIterations = 12;

constexpr std::uint64_t kSeed = 1;  // the same rows give the same rotation

double dot(const double* a, const double* b, std::size_t count) noexcept {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

void add_multiple(double* to, double factor, const double* from, std::size_t count) noexcept {
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

// XᵀX, or nothing once `stopping` is set.
std::vector<double> second_moments(std::span<const float> rows, std::size_t n,
                                   const std::atomic<bool>& stopping) {
  std::vector<double> moments(n * n, 0.0);
  std::vector<double> row(n);
  for (std::size_t at = 0; at < rows.size(); at += n) {
    if (stopping.load(std::memory_order_relaxed)) return {};
    std::copy_n(rows.data() + at, n, row.data());
    for (std::size_t i = 0; i < n; ++i) add_multiple(moments.data() + i * n, row[i], row.data(), i + 1);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) moments[j * n + i] = moments[i * n + j];
  }
  return moments;
}

// Makes vector `at` orthogonal to those before it and of length 1. A vector that lies among them is replaced.
void orthonormalize(std::vector<double>& basis, std::size_t n, std::size_t at, std::mt19937_64& random) {
  double* vector = basis.data() + at * n;
  for (;;) {
    const double before = std::sqrt(dot(vector, vector, n));
    for (int pass = 0; pass < 2; ++pass) {  // the second removes what rounding left of the first
      for (std::size_t other = 0; other < at; ++other) {
        const double* earlier = basis.data() + other * n;
        add_multiple(vector, -dot(vector, earlier, n), earlier, n);
      }
    }
    const double length = std::sqrt(dot(vector, vector, n));
    if (length > 1e-9 * before) {
      for (std::size_t i = 0; i < n; ++i) vector[i] /= length;
      return;
    }
    std::normal_distribution<double> normal;
    for (std::size_t i = 0; i < n; ++i) vector[i] = normal(random);
  }
}

}  // namespace

std::vector<double> principal_directions(std::span<const float> rows, std::size_t n, std::size_t wanted,
                                         const std::atomic<bool>& stopping) {
  const std::vector<double> moments = second_moments(rows, n, stopping);
  if (moments.empty()) return {};
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  std::vector<double> basis(wanted * n);
  for (double& value : basis) value = normal(random);
  std::vector<double> image(wanted * n);
  for (int iteration = 0;; ++iteration) {
    for (std::size_t at = 0; at < wanted; ++at) {
      if (stopping.load(std::memory_order_relaxed)) return {};
      orthonormalize(basis, n, at, random);
    }
    if (iteration == kIterations) return basis;
    std::fill(image.begin(), image.end(), 0.0);
    for (std::size_t at = 0; at < wanted; ++at) {
      if (stopping.load(std::memory_order_relaxed)) return {};
      const double* vector = basis.data() + at * n;
      for (std::size_t i = 0; i < n; ++i)
        add_multiple(image.data() + at * n, vector[i], moments.data() + i * n, n);
    }
    basis.swap(image);
  }
}

}  // namespace cosimo
