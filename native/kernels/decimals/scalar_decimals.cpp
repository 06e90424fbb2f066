// The shortest decimals of sixteen floats, one after another in 64-bit integers.
#include "kernels/decimals/decimals_kernel.h"

namespace cosimo {
namespace {

// For floats c × 2^-shift. With `decimals` decimals, one unit of the last is less than the distance of two
// floats.
struct Scale {
  std::uint64_t power;  // 10^decimals
  std::uint64_t tenth;  // 10^(10 − decimals)
};

constexpr int kMinShift = 24;  // of floats from 0.5 to 1
constexpr Scale kScales[16] = {
    {100'000'000, 100},  {100'000'000, 100},  {100'000'000, 100},  {1'000'000'000, 10}, {1'000'000'000, 10},
    {1'000'000'000, 10}, {10'000'000'000, 1}, {10'000'000'000, 1}, {10'000'000'000, 1}, {10'000'000'000, 1}};

// The decimals as a whole number below 10^10. No branch depends on the digits, which can't be predicted.
std::uint64_t shortest(std::uint32_t magnitude) {
  const std::uint32_t fraction = magnitude & 0x7fffff;
  const std::uint64_t c = fraction | 0x800000;
  const auto shift = 150 - static_cast<int>(magnitude >> 23);
  const auto [power, tenth] = kScales[(shift - kMinShift) & 15];
  // The unit is 2^-shift of the last decimal. The ends of the interval belong to it if c is even; below a
  // power of two its lower half is half as wide.
  const std::uint64_t value = c * power;
  const std::uint64_t odd = c & 1;
  const std::uint64_t lower = value - (fraction == 0 ? power / 4 : power / 2) + odd;
  const std::uint64_t upper = value + power / 2 - odd;

  const std::uint64_t below = value >> shift;
  const std::uint64_t tens = below / 10;
  const bool tens_down = lower <= (10 * tens) << shift;
  const bool tens_up = (10 * tens + 10) << shift <= upper;
  const std::uint64_t one = std::uint64_t{1} << shift;
  const std::uint64_t rest = value & (one - 1);
  const bool down = lower <= value - rest;
  const bool up = value - rest + one <= upper;
  const bool nearer_up = (2 * rest > one) | ((2 * rest == one) & ((below & 1) != 0));
  const std::uint64_t near = below + (down != up ? up : nearer_up);
  return (tens_down != tens_up ? 10 * (tens + tens_up) : near) * tenth;
}

// Eight digits a byte each, first digit in the lowest: halves, hundreds and tens side by side.
std::uint64_t eight_digits(std::uint32_t number) {
  const std::uint64_t halves = number / 10'000 | std::uint64_t{number % 10'000} << 32;
  const std::uint64_t hundreds = ((halves * 10'486) >> 20) & 0x0000007f0000007fU;
  const std::uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
  const std::uint64_t tens = ((pairs * 103) >> 10) & 0x000f000f000f000fU;
  return tens | (pairs - 10 * tens) << 8;
}

void write_decimals(const float* values, Decimals* decimals) {
  for (std::size_t i = 0; i < kDecimalFloats; ++i) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, values + i, sizeof bits);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    const bool covered = magnitude >= kMinFraction && magnitude < kOne;
    const std::uint64_t ten = covered ? shortest(magnitude) : 0;
    const auto first_two = static_cast<std::uint32_t>(ten / 100'000'000);
    decimals->last[i] = eight_digits(static_cast<std::uint32_t>(ten % 100'000'000));
    decimals->first[i] = 0x30302e30 | (first_two / 10) << 16 | (first_two % 10) << 24;
  }
}

}  // namespace

const DecimalsKernel kScalarDecimalsKernel = {"scalar", write_decimals};

}  // namespace cosimo
