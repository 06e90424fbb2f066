// Each float's text reads back as the same float; it is the shortest such text, and the closest among those.
#include "core/json/float_text.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/decimals/decimals_dispatch.h"
#include "support/check.h"
#include "support/environment.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

float from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }

std::string text_of(float value) {
  char text[kFloatTextRoom];
  return {text, write_float(text, value)};
}

std::string standard_text_of(float value) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// The significant digits of a text: without sign, point, exponent, and zeros at either end.
std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char character : text.substr(0, text.find('e'))) {
    if (character >= '0' && character <= '9') digits += character;
  }
  digits.erase(0, digits.find_first_not_of('0'));
  return digits.erase(digits.find_last_not_of('0') + 1);
}

template <typename Number>
Number read(const std::string& text) {
  Number number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  return fault == std::errc() && end == text.data() + text.size() ? number : std::nan("");
}

// The grammar of RFC 8259: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_json_number(const char* at) {
  const auto digits = [&at] {
    const char* start = at;
    while (*at >= '0' && *at <= '9') ++at;
    return at > start;
  };
  if (*at == '-') ++at;
  if (*at == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (*at == '.' && (++at, !digits())) return false;
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!digits()) return false;
  }
  return *at == '\0';
}

bool is_right(float value) {
  const std::string text = text_of(value);
  const std::string standard = standard_text_of(value);
  const auto same = [value](float other) {
    return std::bit_cast<std::uint32_t>(other) == std::bit_cast<std::uint32_t>(value);
  };
  const bool reads_back = same(read<float>(text)) && same(static_cast<float>(read<double>(text)));
  // The library prints large whole numbers in full. For all others, digits and length are the same as the
  // library's, with one exception.
  const bool twice_rounded = std::fabs(value) == 7.038531e-26F;
  const bool shortest =
      twice_rounded || (text.size() <= standard.size() &&
                        (std::fabs(value) >= 0x1p24F || digits_of(text) == digits_of(standard)));
  if (reads_back && shortest && is_json_number(text.c_str()) && text.size() <= kLongestFloatText) return true;
  std::printf("%a: %s, by the library %s\n", static_cast<double>(value), text.c_str(), standard.c_str());
  return false;
}

void test_texts_have_the_expected_form() {
  const std::pair<float, const char*> forms[] = {{0.0F, "0"},
                                                 {-0.0F, "-0"},
                                                 {0.1F, "0.1"},
                                                 {-1.5F, "-1.5"},
                                                 {1e-8F, "1e-08"},
                                                 {100.0F, "100"},
                                                 {16777216.0F, "16777216"},
                                                 {123.456F, "123.456"},
                                                 {0.0123F, "0.0123"},
                                                 {1e10F, "1e+10"},
                                                 {0.001F, "0.001"},
                                                 {0.00012345678F, "0.00012345678"},
                                                 {1e-5F, "1e-05"},
                                                 {1e-45F, "1e-45"},
                                                 {3.4028235e38F, "3.4028235e+38"}};
  for (const auto& [value, text] : forms) CHECK(text_of(value) == text);
}

// Both neighbors of each power of two and of ten, where rounding is hardest.
void test_floats_around_powers_read_back() {
  std::size_t wrong = 0;
  for (std::uint32_t exponent = 0; exponent < 255; ++exponent) {
    for (const std::uint32_t fraction : {0U, 1U, 2U, 0x3fffffU, 0x400000U, 0x7ffffeU, 0x7fffffU})
      wrong += is_right(from_bits(exponent << 23 | fraction)) ? 0 : 1;
  }
  for (int power = -45; power <= 38; ++power) {
    const auto bits = std::bit_cast<std::uint32_t>(read<float>("1e" + std::to_string(power)));
    for (std::uint32_t near = bits < 4 ? 0 : bits - 4; near <= bits + 4; ++near)
      wrong += is_right(from_bits(near)) ? 0 : 1;
  }
  for (const std::uint32_t bits : {0x15ae43fdU, 0x95ae43fdU}) wrong += is_right(from_bits(bits)) ? 0 : 1;
  CHECK(wrong == 0);
}

// With COSIMO_ALL_FLOATS=1 every finite float, which takes some minutes.
void test_random_floats_read_back() {
  std::size_t wrong = 0;
  if (from_environment("COSIMO_ALL_FLOATS", 0) != 0) {
    for (std::uint32_t bits = 0; bits < 0x7f800000; ++bits) wrong += is_right(from_bits(bits)) ? 0 : 1;
  } else {
    auto random_bits = seeded_random();
    const int count = is_emulated() ? 50'000 : 1'000'000;
    for (int i = 0; i < count; ++i) {
      const auto bits = static_cast<std::uint32_t>(random_bits());
      // Any bits, and values as in embeddings.
      wrong += !std::isfinite(from_bits(bits)) || is_right(from_bits(bits)) ? 0 : 1;
      wrong += is_right(static_cast<float>(static_cast<std::int32_t>(bits)) * 0x1p-34F) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

std::string joined(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) text += text_of(value) + ',';
  return text;
}

std::string written(const std::vector<float>& values, const DecimalsKernel& kernel) {
  std::vector<char> text(values.size() * (kLongestFloatText + 1) + kFloatTextRoom);
  return {text.data(), write_floats(text.data(), values, kernel)};
}

// Each kernel writes many floats at once as they are written one by one: floats from 0.001 to 1 and a bit
// beyond, and every count from none to two blocks. Only some blocks are tried; with COSIMO_ALL_FLOATS=1, all
// are.
void test_many_at_once_have_the_same_texts(const DecimalsKernel& kernel) {
  const std::size_t step = from_environment("COSIMO_ALL_FLOATS", 0) != 0 ? 1 : is_brief() ? 61 : 11;
  std::size_t wrong = 0;
  std::vector<float> block(1024);
  for (std::uint64_t start = kMinFraction - 700; start < kOne + 700; start += step * block.size()) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      const auto bits = static_cast<std::uint32_t>(start + i);
      block[i] = from_bits((bits & 1) != 0 ? bits | 0x80000000U : bits);
    }
    wrong += written(block, kernel) == joined(block) ? 0 : 1;
  }
  CHECK(wrong == 0);

  const std::vector<float> mixed = {0.5F, -0.0F, 1e-8F, 0.0123F, 1e10F, -0.99999994F, 0.001F, 1.0F};
  block.clear();
  for (std::size_t count = 0; count <= 2 * kDecimalFloats; ++count) {
    CHECK(written(block, kernel) == joined(block));
    block.push_back(mixed[count % mixed.size()]);
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_texts_have_the_expected_form();
  test_floats_around_powers_read_back();
  test_random_floats_read_back();
  for (const cosimo::KernelFamily family : cosimo::available_kernel_families()) {
    const cosimo::DecimalsKernel& kernel = cosimo::decimals_kernel_of(family);
    std::printf("family %s, kernel %s\n", cosimo::kernel_family_name(family), kernel.name);
    test_many_at_once_have_the_same_texts(kernel);
  }
  return finish();
}
