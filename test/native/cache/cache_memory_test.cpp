// A full cache takes the memory that it was given, as the system counts it: at most 5% more, unless a huge
// page is more than that.
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "core/cache/embedding_cache.h"
#include "support/check.h"
#include "support/process_memory.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr double kMaxGrowth = 1.05;
constexpr std::size_t kHugePage = 2 * kMiB;  // the last one may be used in part
constexpr double kMinGrowth = 0.7;           // a cache that is not full would prove nothing

// Texts of some length, each set once and every third looked up, until three times the budget has passed
// through.
void fill(EmbeddingCache& cache, std::size_t shortest, std::size_t longest) {
  auto random_bits = seeded_random();
  const std::vector<float> vector(kDimensions, 0.5F);
  std::vector<float> out(kDimensions);
  std::string text;
  std::size_t passed = 0;
  for (std::uint64_t count = 0; passed < 3 * cache.capacity_bytes(); ++count) {
    text.assign(shortest + random_bits() % (longest - shortest + 1), '.');
    const std::string number = std::to_string(count);
    text.replace(0, number.size(), number);
    cache.set(text, vector);
    if (count % 3 == 0) cache.get(text, out);
    passed += text.size() + kDimensions * sizeof(float);
  }
}

double growth_of(std::size_t capacity_bytes, std::size_t shortest, std::size_t longest) {
  const std::size_t before = process_memory().resident_bytes;
  EmbeddingCache cache({.dimensions = kDimensions, .capacity_bytes = capacity_bytes});
  fill(cache, shortest, longest);
  CHECK(cache.memory_bytes() <= capacity_bytes);
  const auto grown = static_cast<double>(process_memory().resident_bytes) - static_cast<double>(before);
  return grown / static_cast<double>(capacity_bytes);
}

// Runs in its own process: otherwise a cache would reuse memory that an earlier cache has given back.
bool is_within_budget(std::size_t capacity_bytes, std::size_t shortest, std::size_t longest) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const double growth = growth_of(capacity_bytes, shortest, longest);
    std::printf("%zu MiB, texts of %zu to %zu bytes: resident memory grew by %.3f of the budget\n",
                capacity_bytes >> 20U, shortest, longest, growth);
    std::fflush(stdout);
    const double rest = capacity_bytes < 32 * kHugePage
                            ? static_cast<double>(kHugePage) / static_cast<double>(capacity_bytes)
                            : 0;
    _exit(growth >= kMinGrowth && growth <= kMaxGrowth + rest ? 0 : 1);
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  if (kSanitized || process_memory().resident_bytes == 0) {
    CHECK(growth_of(8 * kMiB, 20, 200) >= 0);  // the sanitizer's memory is not the cache's
    return finish();
  }
  CHECK(is_within_budget(32 * kMiB, 20, 200));
  CHECK(is_within_budget(256 * kMiB, 20, 200));
  CHECK(is_within_budget(256 * kMiB, 8, 8));
  CHECK(is_within_budget(256 * kMiB, 20, 20'000));
  CHECK(is_within_budget(64 * kMiB, 100'000, 300'000));
  return finish();
}
