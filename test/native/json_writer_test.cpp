// JSON text reads back as the same floats, through float32 and through double, and is as short as can be.
#include "core/json_writer.h"

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "check.h"
#include "core/error.h"

namespace cosimo::test {
namespace {

float from_bits(std::uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::string json_of(std::initializer_list<std::vector<float>> vectors) {
  JsonWriter writer;
  for (const auto& vector : vectors) writer.append(vector);
  return writer.take();
}

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// The grammar of RFC 8259: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_json_number(const std::string& text) {
  const char* at = text.c_str();
  const auto digits = [&at] {
    const char* start = at;
    while (std::isdigit(static_cast<unsigned char>(*at)) != 0) ++at;
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

bool reads_back(float value) {
  const std::string json = json_of({{value}});
  const std::string number = json.substr(2, json.size() - 4);
  float direct = 0;
  double wide = 0;
  std::from_chars(number.data(), number.data() + number.size(), direct);
  std::from_chars(number.data(), number.data() + number.size(), wide);
  return is_json_number(number) && same_bits(direct, value) && same_bits(static_cast<float>(wide), value);
}

void test_forms() {
  CHECK(json_of({}) == "[]");
  CHECK(json_of({{}}) == "[[]]");
  CHECK(json_of({{}, {1.0F}, {}}) == "[[],[1],[]]");
  CHECK(json_of({{0.0F, -0.0F, 0.1F, -1.5F}, {1e-8F, 16777216.0F}}) == "[[0,-0,0.1,-1.5],[1e-08,16777216]]");
}

void test_round_trips() {
  for (const std::uint32_t bits :
       {0x15ae43fdU, 0x95ae43fdU, 0x00000001U, 0x007fffffU, 0x00800000U, 0x7f7fffffU}) {
    CHECK(reads_back(from_bits(bits)));
  }
  auto random_bits = seeded_random();
  int faults = 0;
  for (int i = 0; i < 300000; ++i) {
    const float value = from_bits(static_cast<std::uint32_t>(random_bits()));
    if (std::isfinite(value) && !reads_back(value)) ++faults;
  }
  CHECK(faults == 0);
}

void test_refusals() {
  const auto not_finite = [](const Error& error) { return error.code() == ErrorCode::not_finite; };
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float value : {infinity, -infinity, std::nanf(""), -std::nanf("")}) {
    CHECK(throws<Error>([value] { json_of({{1.0F, value, 2.0F}}); }, not_finite));
  }
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  test_forms();
  test_round_trips();
  test_refusals();
  return finish();
}
