// Texts get hashes that are spread evenly.
#include "core/base/hash_text.h"

#include <string>
#include <unordered_map>
#include <vector>

#include "support/check.h"

namespace cosimo::test {
namespace {

// Texts that differ in one bit get different hashes, and each bit of the hash changes for half of such pairs.
void test_hashes_differ_and_every_bit_counts() {
  auto random_bits = seeded_random();
  std::unordered_map<std::uint64_t, std::string> seen;
  std::size_t collisions = 0;
  for (std::size_t length = 0; length <= 64; ++length) {
    std::string text(length, '\0');
    collisions += seen.emplace(hash_text(text), text).second ? 0 : 1;
    for (std::size_t bit = 0; bit < 8 * length; ++bit) {
      text[bit / 8] = static_cast<char>(1U << bit % 8);
      collisions += seen.emplace(hash_text(text), text).second ? 0 : 1;
      text[bit / 8] = '\0';
    }
  }
  CHECK(collisions == 0 && seen.size() > 16'000);
  std::vector<std::size_t> flips(64);
  constexpr std::size_t kTexts = 4000;
  for (std::size_t i = 0; i < kTexts; ++i) {
    std::string text(1 + random_bits() % 40, 'x');
    const std::uint64_t before = hash_text(text);
    const std::size_t bit = random_bits() % (8 * text.size());
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    const std::uint64_t changed = before ^ hash_text(text);
    for (std::size_t at = 0; at < 64; ++at) flips[at] += changed >> at & 1;
  }
  for (const std::size_t flipped : flips) CHECK(flipped > kTexts * 2 / 5 && flipped < kTexts * 3 / 5);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_hashes_differ_and_every_bit_counts();
  return finish();
}
