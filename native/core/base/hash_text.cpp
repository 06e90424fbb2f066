#include "core/base/hash_text.h"

#include <cstddef>
#include <cstring>
#include <random>

namespace cosimo {
namespace {

struct Keys {
  std::uint64_t start;
  std::uint64_t word;
  std::uint64_t end;
};

std::uint64_t random_word() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

const Keys& keys() noexcept {
  static const Keys drawn{random_word(), random_word(), random_word()};
  return drawn;
}

std::uint64_t load(const char* from, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

// The two halves of the 128-bit product, joined by XOR: every bit of a factor affects many bits of the
// result.
std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide whole = Wide{a} * b;
  return static_cast<std::uint64_t>(whole) ^ static_cast<std::uint64_t>(whole >> 64);
}

}  // namespace

std::uint64_t hash_text(std::string_view text) noexcept {
  const Keys& key = keys();
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t state = folded_product(key.start ^ left, key.end);
  for (; left > 16; at += 16, left -= 16)
    state = folded_product(load(at, 8) ^ key.word, load(at + 8, 8) ^ state);
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (left >= 8) {  // the two words may overlap, and so may the halves below
    first = load(at, 8);
    last = load(at + left - 8, 8);
  } else if (left >= 4) {
    first = load(at, 4);
    last = load(at + left - 4, 4);
  } else if (left > 0) {
    first = load(at, 1);
    last = load(at + left / 2, 1) | load(at + left - 1, 1) << 8;
  }
  return folded_product(folded_product(first ^ key.word, last ^ state), key.end);
}

}  // namespace cosimo
