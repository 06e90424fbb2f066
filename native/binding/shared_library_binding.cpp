// The function openSharedLibrary of src/native/binding.ts.
#include <dlfcn.h>

#include <string>

#include "binding/common/errors.h"
#include "binding/exports.h"
#include "core/base/error.h"

namespace cosimo::binding {
namespace {

// A path for the system: a string without NUL, because the system would end the path there.
std::string path_argument(const Napi::Value& value) {
  std::string path = value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  if (path.empty() || path.find('\0') != std::string::npos)
    throw Error(ErrorCode::invalid_argument, "path must be a string that names a file");
  return path;
}

// RTLD_NOW binds all symbols now, so that a missing one is an error here. RTLD_GLOBAL offers the library's
// symbols to libraries that are opened later. The handle is dropped: other libraries rely on this one, so it
// is never closed.
Napi::Value open_shared_library(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::string path = path_argument(info[0]);
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      const char* reason = dlerror();
      throw Error(ErrorCode::invalid_argument, reason == nullptr ? path + " cannot be opened" : reason);
    }
    return info.Env().Undefined();
  });
}

}  // namespace

void define_shared_library_function(Napi::Env env, Napi::Object& exports) {
  exports.Set("openSharedLibrary", Napi::Function::New(env, open_shared_library, "openSharedLibrary"));
}

}  // namespace cosimo::binding
