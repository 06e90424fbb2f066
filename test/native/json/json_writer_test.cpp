// JSON of vectors: brackets and commas. float_text_test is about the numbers.
#include "core/json/json_writer.h"

#include <limits>
#include <string>
#include <vector>

#include "kernels/decimals/decimals_dispatch.h"
#include "support/check.h"

namespace cosimo::test {
namespace {

std::string json_of(const std::vector<float>& vector) {
  std::string text(vector_json_room(vector.size()), '\0');
  text.resize(static_cast<std::size_t>(write_vector_json(text.data(), vector, active_decimals_kernel()) -
                                       text.data()));
  return text;
}

void test_vectors_have_brackets_and_commas() {
  CHECK(json_of({}) == "[]");
  CHECK(json_of({1.0F}) == "[1]");
  CHECK(json_of({0.0F, -0.0F, 0.1F, -1.5F, 1e-8F}) == "[0,-0,0.1,-1.5,1e-08]");
}

// Sanitizers find writes past the end of the room.
void test_the_longest_text_stays_within_its_room() {
  for (const std::size_t dimensions : {1, 2, 7, 384, 1024}) {
    const std::vector<float> vector(dimensions, -std::numeric_limits<float>::min());
    std::vector<char> exact(vector_json_room(dimensions));
    const char* end = write_vector_json(exact.data(), vector, active_decimals_kernel());
    CHECK(end <= exact.data() + exact.size());
    CHECK(json_of(vector).size() == dimensions * 15 + 1);
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_vectors_have_brackets_and_commas();
  test_the_longest_text_stays_within_its_room();
  return finish();
}
