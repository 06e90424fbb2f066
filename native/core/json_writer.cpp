#include "core/json_writer.h"

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/finite.h"

namespace cosimo {
namespace {

// The longest form, such as -1.1754944e-38, and the comma behind it.
constexpr std::size_t kLongestFloat = 16;

// The shortest form is exact for a reader of float32. A reader that goes through double rounds twice, and
// that goes wrong for one magnitude alone (all 2^31 were tried): 7.038531e-26 comes back as its neighbour.
// One digit more helps.
constexpr std::uint32_t kTwiceRounded = 0x15ae43fd;
constexpr std::string_view kTwiceRoundedText = "7.0385307e-26";

char* write_float(char* to, float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffff) != kTwiceRounded) return std::to_chars(to, to + kLongestFloat, value).ptr;
  if (bits != kTwiceRounded) *to++ = '-';
  return to + kTwiceRoundedText.copy(to, kTwiceRoundedText.size());
}

}  // namespace

void JsonWriter::append(std::span<const float> vector) {
  require_finite(vector);
  const std::size_t start = text_.size();
  text_.resize(start + vector.size() * kLongestFloat + 3);  // brackets, and a comma before the next vector
  char* to = text_.data() + start;
  *to++ = start == 0 ? '[' : ',';
  *to++ = '[';
  for (const float value : vector) {
    to = write_float(to, value);
    *to++ = ',';
  }
  if (!vector.empty()) --to;  // the last comma gives way
  *to++ = ']';
  text_.resize(static_cast<std::size_t>(to - text_.data()));
}

std::string JsonWriter::take() {
  text_ += text_.empty() ? "[]" : "]";
  return std::exchange(text_, {});
}

}  // namespace cosimo
