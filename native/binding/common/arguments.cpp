#include "binding/common/arguments.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

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

// Texts up to this many bytes are copied in one call.
constexpr std::size_t kShortText = 1024;
constexpr std::size_t kLongestUtf8 = 4;  // bytes of one character

// Returns the bytes written, without the NUL behind them. Stops before the first character that doesn't fit.
std::size_t copy_utf8(const Napi::Value& text, std::string& room) {
  std::size_t length = 0;
  const napi_status status = napi_get_value_string_utf8(text.Env(), text, room.data(), room.size(), &length);
  NAPI_THROW_IF_FAILED(text.Env(), status, 0);
  return length;
}

std::size_t utf8_length(const Napi::Value& text) {
  std::size_t length = 0;
  NAPI_THROW_IF_FAILED(text.Env(), napi_get_value_string_utf8(text.Env(), text, nullptr, 0, &length), 0);
  return length;
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

std::uint64_t integer_option(const Napi::CallbackInfo& info, const char* name, std::uint64_t least,
                             std::uint64_t most, std::uint64_t default_value) {
  const bool given = info[0].IsObject() && !info[0].As<Napi::Object>().Get(name).IsUndefined();
  return given ? integer_option(info, name, least, most) : default_value;
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

std::vector<Napi::Value> elements_argument(const Napi::Value& value, const char* name) {
  if (!value.IsArray()) refuse(name, "an array");
  const auto array = value.As<Napi::Array>();
  std::vector<Napi::Value> elements;
  elements.reserve(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) elements.push_back(array.Get(i));
  return elements;
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

std::span<const std::int32_t> int32s_argument(const Napi::Value& value, const char* name) {
  if (!is_typed_array(value, napi_int32_array)) refuse(name, "an Int32Array");
  const auto array = value.As<Napi::Int32Array>();
  return {array.Data(), array.ElementLength()};
}

std::span<char> bytes_argument(const Napi::Value& value, const char* name, std::size_t offset) {
  if (!is_typed_array(value, napi_uint8_array)) refuse(name, "a Uint8Array");
  auto array = value.As<Napi::Uint8Array>();
  if (offset > array.ElementLength()) refuse(name, "a Uint8Array that reaches to the offset");
  return {reinterpret_cast<char*>(array.Data()) + offset, array.ElementLength() - offset};
}

std::string_view text_argument(const Napi::Value& value, const char* name, std::string& room) {
  if (!value.IsString()) refuse(name, "a string");
  room.resize(std::max(room.capacity(), kShortText));
  std::size_t length = copy_utf8(value, room);
  if (length + kLongestUtf8 >= room.size()) {  // the text may go on
    room.resize(utf8_length(value) + 1);
    length = copy_utf8(value, room);
  }
  const std::string_view utf8(room.data(), length);
  // UTF-8 can't express a lone surrogate: each becomes U+FFFD, so that different texts would get the same
  // key. A text with U+FFFD is keyed by its UTF-16 units instead, behind a byte that UTF-8 never starts with.
  if (utf8.find("\xEF\xBF\xBD") == std::string_view::npos) return utf8;
  const std::u16string units = value.As<Napi::String>().Utf16Value();
  room.assign("\xFF");
  room.append(reinterpret_cast<const char*>(units.data()), units.size() * sizeof(char16_t));
  return room;
}

}  // namespace cosimo::binding
