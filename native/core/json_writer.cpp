#include "core/json_writer.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace cosimo {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Three bytes as four characters.
void write_triple(char* to, std::uint32_t triple) noexcept {
  for (int at = 3; at >= 0; --at, triple >>= 6) to[at] = kBase64[triple & 63];
}

}  // namespace

char* write_vector_json(char* to, std::span<const float> vector, const Kernel& kernel) noexcept {
  *to++ = '[';
  to = write_floats(to, vector, kernel);
  if (!vector.empty()) --to;  // the last comma gives way
  *to++ = ']';
  return to;
}

char* write_vector_base64(char* to, std::span<const float> vector) noexcept {
  static_assert(std::endian::native == std::endian::little);
  const auto* at = reinterpret_cast<const unsigned char*>(vector.data());
  std::size_t left = vector.size_bytes();
  *to++ = '"';
  for (; left >= 3; at += 3, left -= 3, to += 4)
    write_triple(to, std::uint32_t{at[0]} << 16 | std::uint32_t{at[1]} << 8 | at[2]);
  if (left > 0) {
    write_triple(to, std::uint32_t{at[0]} << 16 | (left == 2 ? std::uint32_t{at[1]} << 8 : 0));
    std::memset(to + 1 + left, '=', 3 - left);
    to += 4;
  }
  *to++ = '"';
  return to;
}

}  // namespace cosimo
