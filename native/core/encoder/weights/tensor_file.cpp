#include "core/encoder/weights/tensor_file.h"

#include <bit>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/base/error.h"
#include "core/base/finite.h"

static_assert(std::endian::native == std::endian::little,
              "weight files are little-endian, and read as they are");

namespace cosimo {
namespace {

float widen_bf16(std::uint16_t half) { return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16); }

// Every float16 is a float. Zeros and denormals are multiples of 2⁻²⁴; the others keep their fraction and get
// another exponent.
float widen_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1f;
  const std::uint32_t fraction = half & 0x3ff;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign == 0 ? magnitude : -magnitude;
  }
  const std::uint32_t moved = exponent == 0x1f ? 0xff : exponent + 112;
  return std::bit_cast<float>(sign | (moved << 23) | (fraction << 13));
}

void read_bytes(const TensorPlace& place, void* to, std::size_t bytes) {
  std::ifstream file(place.path, std::ios::binary);
  if (!file) throw Error(ErrorCode::model_invalid, place.path + " can't be opened");
  file.seekg(static_cast<std::streamoff>(place.byte_offset));
  file.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
  if (!file) throw Error(ErrorCode::model_invalid, place.path + " ends within a tensor, or can't be read");
}

}  // namespace

void read_tensor(const TensorPlace& place, std::span<float> to) {
  if (place.type == TensorType::f32) {
    read_bytes(place, to.data(), to.size_bytes());
  } else {
    std::vector<std::uint16_t> halves(to.size());
    read_bytes(place, halves.data(), halves.size() * sizeof halves[0]);
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = place.type == TensorType::bf16 ? widen_bf16(halves[i]) : widen_f16(halves[i]);
    }
  }
  // Refused here, because kernels would compute different results from NaN or infinity.
  if (!all_finite(to)) throw Error(ErrorCode::model_invalid, place.path + " holds NaN or infinity");
}

}  // namespace cosimo
