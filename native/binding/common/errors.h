// C++ exceptions as JavaScript errors with a code of src/errors.ts.
#pragma once

#include <napi.h>

#include <exception>
#include <utility>

namespace cosimo::binding {

/// Every code that the addon gives to errors, as a frozen array.
Napi::Array error_codes(Napi::Env env);

/// The JavaScript Error for a C++ exception: `message`, and `code` unless the exception is a fault of the
/// addon.
Napi::Error to_js_error(Napi::Env env, std::exception_ptr exception);

/// Runs the body of a function that JavaScript called. Whatever it throws becomes a JavaScript Error.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Napi::Error&) {
    throw;  // is a JavaScript error already
  } catch (...) {
    throw to_js_error(env, std::current_exception());
  }
}

}  // namespace cosimo::binding
