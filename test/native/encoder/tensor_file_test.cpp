// Tensors of every type are read from their place in a file; tensors that can't be read are refused.
#include "core/encoder/weights/tensor_file.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "support/check.h"

namespace cosimo::test {
namespace {

struct Half {
  std::uint16_t bits;
  float value;
};

// By IEEE 754: 1 sign, 5 exponent and 10 fraction bits.
constexpr Half kF16[] = {{0x0000, 0.0F},     {0x8000, -0.0F},       {0x3c00, 1.0F},
                         {0xc000, -2.0F},    {0x3555, 0x1.554p-2F}, {0x7bff, 65504.0F},
                         {0x0400, 0x1p-14F}, {0x0001, 0x1p-24F},    {0x83ff, -0x1.ff8p-15F}};
constexpr Half kBf16[] = {
    {0x0000, 0.0F}, {0x3f80, 1.0F}, {0xbf81, -0x1.02p0F}, {0x7f7f, 0x1.fep127F}, {0x0001, 0x1p-133F}};

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(std::filesystem::temp_directory_path() /
              ("cosimo-tensors-" + std::to_string(::getpid()) + "-" + std::to_string(made_++))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  static inline int made_ = 0;
  std::filesystem::path path_;
};

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <std::size_t kCount>
void test_halves(const Half (&halves)[kCount], TensorType type) {
  std::vector<std::uint16_t> bits;
  for (const Half& half : halves) bits.push_back(half.bits);
  const TemporaryFile file("odd" + bytes_of(bits));
  std::vector<float> values(kCount);
  read_tensor({file.path(), 3, type}, values);
  for (std::size_t i = 0; i < kCount; ++i) {
    CHECK(std::memcmp(&values[i], &halves[i].value, sizeof(float)) == 0);
  }
}

void test_floats() {
  const std::vector<float> written = {1.5F, -0.0F, 0x1.fffffep127F, 0x1p-149F};
  const TemporaryFile file("abcde" + bytes_of(written));
  std::vector<float> values(4);
  read_tensor({file.path(), 5, TensorType::f32}, values);
  CHECK(std::memcmp(values.data(), written.data(), 4 * sizeof(float)) == 0);
  float last = 0;
  read_tensor({file.path(), 5 + 3 * sizeof(float), TensorType::f32}, {&last, 1});
  CHECK(std::memcmp(&last, &written[3], sizeof last) == 0);
}

bool is_invalid(const TensorPlace& place, std::size_t count) {
  std::vector<float> values(count);
  return throws<Error>([&] { read_tensor(place, values); },
                       [&](const Error& error) {
                         return error.code() == ErrorCode::model_invalid &&
                                std::strstr(error.what(), place.path.c_str()) != nullptr;
                       });
}

void test_faults() {
  const TemporaryFile file(std::string(16, 'x'));
  CHECK(!is_invalid({file.path(), 0, TensorType::f32}, 4));
  CHECK(is_invalid({file.path(), 1, TensorType::f32}, 4));
  CHECK(is_invalid({file.path(), 0, TensorType::bf16}, 9));
  CHECK(is_invalid({file.path(), 1000, TensorType::f32}, 1));
  CHECK(is_invalid({file.path() + "-missing", 0, TensorType::f32}, 1));
  const float bad[] = {1, std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity(),
                       2};
  const TemporaryFile not_finite(std::string(reinterpret_cast<const char*>(bad), sizeof bad));
  CHECK(!is_invalid({not_finite.path(), 0, TensorType::f32}, 1));
  CHECK(is_invalid({not_finite.path(), 4, TensorType::f32}, 1));
  CHECK(is_invalid({not_finite.path(), 8, TensorType::f32}, 2));
  const std::string halves("\x00\x7c\x80\x7f", 4);  // infinity in float16; in bfloat16
  const TemporaryFile infinite(halves);
  CHECK(is_invalid({infinite.path(), 0, TensorType::f16}, 1));
  CHECK(is_invalid({infinite.path(), 2, TensorType::bf16}, 1));
  CHECK(is_invalid({std::filesystem::temp_directory_path().string(), 0, TensorType::f32}, 1));  // a folder
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_floats();
  test_halves(kF16, cosimo::TensorType::f16);
  test_halves(kBf16, cosimo::TensorType::bf16);
  test_faults();
  return finish();
}
