// The test framework: CHECK, a seeded random generator, and the last line of output.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace cosimo::test {

struct Counts {
  int passed = 0;
  int failed = 0;
};
inline Counts counts;

inline void record(bool ok, const char* expression, const char* file, int line) {
  ++(ok ? counts.passed : counts.failed);
  if (!ok) std::printf("%s:%d: failed: %s\n", file, line, expression);
}

/// For the main thread only: other threads of a test count their own faults.
#define CHECK(...) ::cosimo::test::record(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

/// The random generator of a test. COSIMO_TEST_SEED repeats a run.
inline std::mt19937_64 seeded_random() {
  const char* given = std::getenv("COSIMO_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return std::mt19937_64(seed);
}

/// What main returns: prints the counts; 0 if some checks ran and none failed.
inline int finish() {
  std::printf("%d passed, %d failed\n", counts.passed, counts.failed);
  return counts.failed == 0 && counts.passed > 0 ? 0 : 1;
}

/// True when `body` throws an Expected that satisfies `matches`.
template <typename Expected, typename Body, typename Matches>
bool throws(Body&& body, Matches&& matches) {
  try {
    body();
  } catch (const Expected& error) {
    return matches(error);
  } catch (...) {
  }
  return false;
}

}  // namespace cosimo::test
