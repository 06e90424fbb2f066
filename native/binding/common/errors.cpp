#include "binding/common/errors.h"

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "core/base/error.h"
#include "kernels/kernel_family.h"

namespace cosimo::binding {
namespace {

constexpr ErrorCode kCodes[] = {
    ErrorCode::cancelled,     ErrorCode::closed,     ErrorCode::invalid_argument, ErrorCode::invalid_setting,
    ErrorCode::model_invalid, ErrorCode::not_finite, ErrorCode::out_of_memory,
};

const char* code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::closed:
      return "closed";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::invalid_setting:
      return "invalid_setting";
    case ErrorCode::model_invalid:
      return "model_invalid";
    case ErrorCode::not_finite:
      return "not_finite";
    case ErrorCode::out_of_memory:
      return "out_of_memory";
  }
  return "unknown";
}

Napi::Error make_error(Napi::Env env, ErrorCode code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Value().Set("code", code_name(code));
  return error;
}

}  // namespace

Napi::Array error_codes(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env);
  for (const ErrorCode code : kCodes) names.Set(names.Length(), code_name(code));
  names.Freeze();
  return names;
}

Napi::Error to_js_error(Napi::Env env, std::exception_ptr exception) {
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const Napi::Error& error) {
    return error;
  } catch (const Error& error) {
    return make_error(env, error.code(), error.what());
  } catch (const UnknownKernel& error) {
    return make_error(env, ErrorCode::invalid_setting, error.what());
  } catch (const std::bad_alloc&) {
    return make_error(env, ErrorCode::out_of_memory, "Not enough memory for this");
  } catch (const std::length_error&) {
    return make_error(env, ErrorCode::out_of_memory, "Not enough memory for this");
  } catch (const std::system_error& error) {
    return make_error(env, ErrorCode::out_of_memory,
                      std::string("The system gives no thread: ") + error.what());
  } catch (const std::exception& error) {
    return Napi::Error::New(env, error.what());
  }
}

}  // namespace cosimo::binding
