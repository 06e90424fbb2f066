// JSON of vectors: brackets, commas and base64; the numbers themselves are float_text_test's.
#include "core/json_writer.h"

#include <limits>
#include <string>
#include <vector>

#include "check.h"
#include "kernels/dispatch.h"

namespace cosimo::test {
namespace {

std::string json_of(const std::vector<float>& vector) {
  std::string text(vector_json_room(vector.size()), '\0');
  text.resize(
      static_cast<std::size_t>(write_vector_json(text.data(), vector, active_kernel()) - text.data()));
  return text;
}

std::string base64_of(const std::vector<float>& vector) {
  std::string text(vector_base64_size(vector.size()), '\0');
  CHECK(write_vector_base64(text.data(), vector) == text.data() + text.size());
  return text;
}

void test_json() {
  CHECK(json_of({}) == "[]");
  CHECK(json_of({1.0F}) == "[1]");
  CHECK(json_of({0.0F, -0.0F, 0.1F, -1.5F, 1e-8F}) == "[0,-0,0.1,-1.5,1e-08]");
}

// The longest texts there are stay within the room that is asked for; the sanitizers see what is behind it.
void test_room() {
  for (const std::size_t dimensions : {1, 2, 7, 384, 1024}) {
    const std::vector<float> vector(dimensions, -std::numeric_limits<float>::min());
    std::vector<char> exact(vector_json_room(dimensions));
    const char* end = write_vector_json(exact.data(), vector, active_kernel());
    CHECK(end <= exact.data() + exact.size());
    CHECK(json_of(vector).size() == dimensions * 15 + 1);
  }
}

// By RFC 4648 and the bytes of the floats: 0x3f800000, 0xbf800000, 0x40000000.
void test_base64() {
  CHECK(base64_of({}) == "\"\"");
  CHECK(base64_of({1.0F}) == "\"AACAPw==\"");
  CHECK(base64_of({1.0F, -1.0F}) == "\"AACAPwAAgL8=\"");
  CHECK(base64_of({1.0F, -1.0F, 2.0F}) == "\"AACAPwAAgL8AAABA\"");
  CHECK(base64_of({std::numeric_limits<float>::max()}) == "\"//9/fw==\"");
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_json();
  test_room();
  test_base64();
  return finish();
}
