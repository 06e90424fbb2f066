// From C++ exceptions to JavaScript errors with a code of src/errors.ts.
#pragma once

#include <napi.h>

#include <exception>
#include <utility>

namespace cosimo::binding {

/// Every code that this addon gives an error, as a frozen array.
Napi::Array error_codes(Napi::Env env);

/// The JavaScript Error for a C++ exception: `message`, and `code` unless it is a fault of ours.
Napi::Error to_js_error(Napi::Env env, std::exception_ptr exception);

/// Runs the body of a function called from JavaScript; what it throws reaches the caller as a JavaScript
/// Error.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Napi::Error&) {
    throw;  // thrown by the engine, and JavaScript already
  } catch (...) {
    throw to_js_error(env, std::current_exception());
  }
}

}  // namespace cosimo::binding
