// Arguments from JavaScript, checked. Each function throws Error invalid_argument with a sentence that names
// the argument. A view of a typed array respects its byteOffset and length, and is valid until JavaScript
// runs again.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cosimo::binding {

/// An integer from `least` to `most`; at most 2^53 − 1 whatever `most` says.
std::uint64_t integer_argument(const Napi::Value& value, const char* name, std::uint64_t least,
                               std::uint64_t most);

/// A property of the options object that a constructor takes, checked by integer_argument.
std::uint64_t integer_option(const Napi::CallbackInfo& info, const char* name, std::uint64_t least,
                             std::uint64_t most);

/// The same, or `default_value` when there is no such property.
std::uint64_t integer_option(const Napi::CallbackInfo& info, const char* name, std::uint64_t least,
                             std::uint64_t most, std::uint64_t default_value);

/// A row key: an integer from 0 to 2^53 − 1.
std::uint64_t key_argument(const Napi::Value& value, const char* name);

/// A copy of the row keys in a Float64Array.
std::vector<std::uint64_t> keys_argument(const Napi::Value& value, const char* name);

/// A number, which may be infinite but not NaN.
double number_argument(const Napi::Value& value, const char* name);

/// The elements of an array. Reading one may run JavaScript, a getter, which may detach any buffer: take
/// views afterwards.
std::vector<Napi::Value> elements_argument(const Napi::Value& value, const char* name);

/// A view of a Float32Array.
std::span<const float> floats_argument(const Napi::Value& value, const char* name);

/// A view of a Float32Array with exactly `count` elements.
std::span<const float> floats_argument(const Napi::Value& value, const char* name, std::size_t count);

/// A view of an Int32Array.
std::span<const std::int32_t> int32s_argument(const Napi::Value& value, const char* name);

/// A view of a Uint8Array (a Buffer is one) from `offset` to its end. The offset is not past the end.
std::span<char> bytes_argument(const Napi::Value& value, const char* name, std::size_t offset);

/// A string as bytes for use as a key. Two keys are equal exactly when their strings are, also with lone
/// surrogates and NUL. The bytes lie in `room`, which the view refers to.
std::string_view text_argument(const Napi::Value& value, const char* name, std::string& room);

}  // namespace cosimo::binding
