// Checks of what JavaScript passes in. All throw Error invalid_argument with a sentence that names the
// argument.
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

/// The same, or `otherwise` where there is no such property.
std::uint64_t integer_option(const Napi::CallbackInfo& info, const char* name, std::uint64_t least,
                             std::uint64_t most, std::uint64_t otherwise);

/// A row key: an integer from 0 to 2^53 − 1.
std::uint64_t key_argument(const Napi::Value& value, const char* name);

/// Row keys from a Float64Array, copied.
std::vector<std::uint64_t> keys_argument(const Napi::Value& value, const char* name);

/// A number; not NaN, infinities allowed.
double number_argument(const Napi::Value& value, const char* name);

/// The elements of a Float32Array, its byteOffset and length respected. The view is good until JavaScript
/// runs again.
std::span<const float> floats_argument(const Napi::Value& value, const char* name);

/// floats_argument with exactly `count` elements.
std::span<const float> floats_argument(const Napi::Value& value, const char* name, std::size_t count);

/// The elements of an Int32Array, its byteOffset and length respected. The view is good until JavaScript runs
/// again.
std::span<const std::int32_t> int32s_argument(const Napi::Value& value, const char* name);

/// The bytes of a Uint8Array (a Buffer is one), its byteOffset and length respected, from `offset` on, which
/// is not past its end. The view is good until JavaScript runs again.
std::span<char> bytes_argument(const Napi::Value& value, const char* name, std::size_t offset);

/// A string as a byte key: equal exactly for equal strings, lone surrogates and NUL included. `room` is what
/// it is copied into, once unless it is long, and what the view is of.
std::string_view text_argument(const Napi::Value& value, const char* name, std::string& room);

}  // namespace cosimo::binding
