#include "core/json/float_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

// The method is Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2021), for float32.
// All numbers in a certain interval around a float read back as that float. Schubfach chooses a decimal scale
// so that this interval holds at least one multiple of the scale and at most a few; three products with a
// power of ten tell which. From 0.001 to 1, where nearly all values of an embedding lie, a kernel does this
// for many floats at once.

namespace cosimo {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kSmallestPower = -31;
constexpr int kLargestPower = 45;

constexpr int floor_log2_of_power_of_ten(int exponent) noexcept { return (exponent * 1741647) >> 19; }

// 10^exponent × 2^-(⌊log2(10^exponent)⌋ - 63), rounded up: 64 bits, the highest one set.
constexpr std::uint64_t scaled_power_of_ten(int exponent) {
  // 10^45 has 150 bits, and 2^192 / 10^31 leaves 89: three words of 64 bits hold either, with enough bits for
  // rounding.
  std::array<std::uint64_t, 3> words{};
  bool exact = true;
  if (exponent >= 0) {
    words[0] = 1;
    for (int i = 0; i < exponent; ++i) {
      Wide carry = 0;
      for (std::uint64_t& word : words) {
        carry += Wide{word} * 10;
        word = static_cast<std::uint64_t>(carry);
        carry >>= 64;
      }
    }
  } else {
    words[2] = std::uint64_t{1} << 63;
    for (int i = 0; i < -exponent; ++i) {
      Wide remainder = 0;
      for (int at = 2; at >= 0; --at) {
        const Wide part = (remainder << 64) | words[static_cast<std::size_t>(at)];
        words[static_cast<std::size_t>(at)] = static_cast<std::uint64_t>(part / 10);
        remainder = part % 10;
      }
      exact = exact && remainder == 0;
    }
  }
  const auto double_words = [&] {
    for (int at = 2; at > 0; --at) {
      const auto i = static_cast<std::size_t>(at);
      words[i] = (words[i] << 1) | (words[i - 1] >> 63);
    }
    words[0] <<= 1;
  };
  while ((words[2] >> 63) == 0) double_words();
  exact = exact && words[0] == 0 && words[1] == 0;
  return words[2] + (exact ? 0 : 1);
}

constexpr auto kPowers = [] {
  std::array<std::uint64_t, kLargestPower - kSmallestPower + 1> powers{};
  for (int exponent = kSmallestPower; exponent <= kLargestPower; ++exponent)
    powers[static_cast<std::size_t>(exponent - kSmallestPower)] = scaled_power_of_ten(exponent);
  return powers;
}();

// power × scaled / 2^64. The last bit is also set when a nonzero remainder was cut off.
std::uint32_t product(std::uint64_t power, std::uint32_t scaled) noexcept {
  const Wide whole = Wide{power} * scaled;
  const auto rest = static_cast<std::uint32_t>(static_cast<std::uint64_t>(whole) >> 32);
  return static_cast<std::uint32_t>(whole >> 64) | (rest > 1 ? 1U : 0U);
}

ShortestDecimal without_zeros(std::uint32_t digits, std::int32_t exponent) noexcept {
  while (digits != 0 && digits % 10 == 0) {
    digits /= 10;
    ++exponent;
  }
  return {digits, digits == 0 ? 0 : exponent};
}

// A reader that goes through double rounds twice. Of all 2^31 magnitudes this goes wrong for one:
// 7.038531e-26 reads back as the neighboring float. That one gets one more digit.
constexpr std::uint32_t kTwiceRounded = 0x15ae43fd;
constexpr ShortestDecimal kTwiceRoundedDecimal{70385307, -33};

constexpr std::uint32_t kPowersOfTen[] = {1,       10,      100,        1000,        10'000,
                                          100'000, 1000000, 10'000'000, 100'000'000, 1'000'000'000};
constexpr int kMaxDigits = 9;

// The number of digits of a number below 10^9; 1 for 0. The bit width gives the digit count or one less; a
// comparison decides.
int digit_count(std::uint32_t number) noexcept {
  const int guess = (std::bit_width(number | 1) * 1233) >> 12;
  return guess + ((number | 1) >= kPowersOfTen[guess] ? 1 : 0);
}

// Always writes nine digits, padded with zeros at the end: 123 becomes 123000000. The caller keeps as many as
// it needs.
void write_digits(char* to, std::uint32_t number, int count) noexcept {
  std::uint32_t nine = number * kPowersOfTen[kMaxDigits - count];
  for (int at = kMaxDigits - 1; at >= 0; --at, nine /= 10) to[at] = static_cast<char>('0' + nine % 10);
}

char* write_exponent(char* to, int exponent) noexcept {
  const int magnitude = exponent < 0 ? -exponent : exponent;
  to[0] = 'e';
  to[1] = exponent < 0 ? '-' : '+';
  to[2] = static_cast<char>('0' + magnitude / 10);
  to[3] = static_cast<char>('0' + magnitude % 10);
  return to + 4;
}

// Writes d.ddde±xx or plain digits, whichever is shorter; plain when both are equal. So does std::to_chars.
char* write_decimal(char* to, ShortestDecimal decimal) noexcept {
  const int count = digit_count(decimal.digits);
  const int point = count + decimal.exponent;         // digits before the decimal point
  if (point <= 0 && point > (count > 1 ? -4 : -3)) {  // as in most embeddings: 0.0123
    std::memcpy(to, "0.00000", 8);
    write_digits(to + 2 - point, decimal.digits, count);
    return to + 2 - point + count;
  }
  const int scientific = count + (count > 1 ? 1 : 0) + 4;
  const int plain = decimal.exponent >= 0 ? point : point > 0 ? count + 1 : count + 2 - point;
  if (plain > scientific) {
    write_digits(to + 1, decimal.digits, count);
    to[0] = to[1];
    to[1] = '.';
    return write_exponent(to + count + (count > 1 ? 1 : 0), point - 1);
  }
  if (point <= 0) {
    std::memcpy(to, "0.00000", 8);
    write_digits(to + 2 - point, decimal.digits, count);
    return to + plain;
  }
  write_digits(to, decimal.digits, count);
  if (decimal.exponent >= 0) {
    std::memset(to + count, '0', static_cast<std::size_t>(decimal.exponent));
    return to + plain;
  }
  std::memmove(to + point + 1, to + point, static_cast<std::size_t>(count - point));
  to[point] = '.';
  return to + plain;
}

// Uses the kernel's decimals where it has them. Other values are rare in an embedding.
char* write_fraction(char* to, float value, const Decimals& decimals, std::size_t at) noexcept {
  static_assert(std::endian::native == std::endian::little);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7fffffff;
  const std::uint64_t last = decimals.last[at];
  if (magnitude < kMinFraction || magnitude >= kOne || last == 0) return write_float(to, value);
  *to = '-';
  to += bits >> 31;
  const std::uint64_t text = last | 0x3030303030303030U;
  std::memcpy(to, &decimals.first[at], sizeof decimals.first[at]);
  std::memcpy(to + 4, &text, sizeof text);
  const int zeros_at_end = std::countl_zero(last) / 8;
  return to + 12 - zeros_at_end;
}

}  // namespace

ShortestDecimal shortest_decimal(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value) & 0x7fffffff;
  const std::uint32_t fraction = bits & 0x7fffff;
  const auto biased = static_cast<int>(bits >> 23);
  if (bits == 0) return {0, 0};
  // The value is c × 2^q.
  const std::uint32_t c = biased == 0 ? fraction : fraction | 0x800000;
  const int q = biased == 0 ? -149 : biased - 150;
  if (q <= 0 && q > -24 && (c & ((1U << -q) - 1)) == 0) return without_zeros(c >> -q, 0);

  // Below a power of two floats lie closer: the lower half of the interval is half as wide there.
  const bool closer_below = fraction == 0 && biased > 1;
  const std::int32_t k =
      (q * 1262611 - (closer_below ? 524031 : 0)) >> 22;  // ⌊log10⌋ of the interval's width
  const int shift = q + floor_log2_of_power_of_ten(-k) + 1;
  const std::uint64_t power = kPowers[static_cast<std::size_t>(-k - kSmallestPower)];
  // Four times the value and the ends of its interval, in units of 10^k. The ends belong to it if c is even.
  const std::uint32_t lower = product(power, (4 * c - (closer_below ? 1 : 2)) << shift) + (c & 1);
  const std::uint32_t middle = product(power, 4 * c << shift);
  const std::uint32_t upper = product(power, (4 * c + 2) << shift) - (c & 1);

  // The result is a multiple of ten in the interval, else one of the two whole numbers next to the value.
  // There are no branches, since they could not be predicted. With one digit there is no multiple of ten to
  // try.
  const std::uint32_t below = middle / 4;
  const std::uint32_t tens = below / 10;
  const bool tens_down = lower <= 40 * tens;
  const bool tens_up = 40 * tens + 40 <= upper;
  const bool is_multiple = (tens_down != tens_up) & (below >= 10);
  const bool down = lower <= 4 * below;
  const bool up = 4 * below + 4 <= upper;
  const bool nearer_up = (middle > 4 * below + 2) | ((middle == 4 * below + 2) & ((below & 1) != 0));
  const std::uint32_t near = below + (down != up ? up : nearer_up);
  return without_zeros(is_multiple ? tens + tens_up : near, k + (is_multiple ? 1 : 0));
}

char* write_float(char* to, float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  *to = '-';
  to += bits >> 31;
  const bool twice_rounded = (bits & 0x7fffffff) == kTwiceRounded;
  return write_decimal(to, twice_rounded ? kTwiceRoundedDecimal : shortest_decimal(value));
}

char* write_floats(char* to, std::span<const float> values, const DecimalsKernel& kernel) noexcept {
  Decimals decimals;
  while (!values.empty()) {
    const std::size_t count = std::min(values.size(), kDecimalFloats);
    if (count == kDecimalFloats) {
      kernel.write_decimals(values.data(), &decimals);
    } else {
      float some[kDecimalFloats] = {};
      std::memcpy(some, values.data(), count * sizeof(float));
      kernel.write_decimals(some, &decimals);
    }
    for (std::size_t i = 0; i < count; ++i) {
      to = write_fraction(to, values[i], decimals, i);
      *to++ = ',';
    }
    values = values.subspan(count);
  }
  return to;
}

}  // namespace cosimo
