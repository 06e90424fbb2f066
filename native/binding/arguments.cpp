#include "binding/arguments.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace cosimo::binding {
namespace {

constexpr std::uint64_t kLargestSafeInteger = (std::uint64_t{1} << 53) - 1;

[[noreturn]] void refuse(const char* name, const std::string& expected) {
  throw Error(ErrorCode::invalid_argument, std::string(name) + " must be " + expected);
}

std::uint64_t checked_integer(double number, const char* name, std::uint64_t least, std::uint64_t most) {
  const std::uint64_t largest = std::min(most, kLargestSafeInteger);
  const bool fits = std::floor(number) == number && number >= static_cast<double>(least) &&
                    number <= static_cast<double>(largest);
  if (!fits) {
    refuse(name, "an integer from " + std::to_string(least) + " to " + std::to_string(largest));
  }
  return static_cast<std::uint64_t>(number);
}

bool is_typed_array(const Napi::Value& value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

}  // namespace

std::uint64_t integer_argument(const Napi::Value& value, const char* name, std::uint64_t least,
                               std::uint64_t most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  return checked_integer(number, name, least, most);
}

std::uint64_t integer_option(const Napi::CallbackInfo& info, const char* name, std::uint64_t least,
                             std::uint64_t most) {
  if (!info[0].IsObject()) refuse("options", "an object");
  return integer_argument(info[0].As<Napi::Object>().Get(name), name, least, most);
}

std::uint64_t key_argument(const Napi::Value& value, const char* name) {
  return integer_argument(value, name, 0, kLargestSafeInteger);
}

std::vector<std::uint64_t> keys_argument(const Napi::Value& value, const char* name) {
  if (!is_typed_array(value, napi_float64_array)) refuse(name, "a Float64Array");
  const auto array = value.As<Napi::Float64Array>();
  const std::span<const double> numbers(array.Data(), array.ElementLength());
  std::vector<std::uint64_t> keys(numbers.size());
  std::transform(numbers.begin(), numbers.end(), keys.begin(),
                 [name](double number) { return checked_integer(number, name, 0, kLargestSafeInteger); });
  return keys;
}

double number_argument(const Napi::Value& value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (std::isnan(number)) refuse(name, "a number");
  return number;
}

std::span<const float> floats_argument(const Napi::Value& value, const char* name) {
  if (!is_typed_array(value, napi_float32_array)) refuse(name, "a Float32Array");
  const auto array = value.As<Napi::Float32Array>();
  return {array.Data(), array.ElementLength()};
}

std::span<const float> floats_argument(const Napi::Value& value, const char* name, std::size_t count) {
  const std::span<const float> floats = floats_argument(value, name);
  if (floats.size() != count) refuse(name, "a Float32Array of " + std::to_string(count) + " elements");
  return floats;
}

std::string text_argument(const Napi::Value& value, const char* name) {
  if (!value.IsString()) refuse(name, "a string");
  const auto text = value.As<Napi::String>();
  std::string utf8 = text.Utf8Value();
  // UTF-8 has no form for a lone surrogate: it became U+FFFD, like another one would. Such a text is keyed by
  // its UTF-16 units instead, behind a byte that no UTF-8 starts with.
  if (utf8.find("\xEF\xBF\xBD") == std::string::npos) return utf8;
  const std::u16string units = text.Utf16Value();
  std::string key("\xFF");
  key.append(reinterpret_cast<const char*>(units.data()), units.size() * sizeof(char16_t));
  return key;
}

}  // namespace cosimo::binding
