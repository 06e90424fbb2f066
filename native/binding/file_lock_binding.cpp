// The function lockFile of src/native/binding.ts.
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

#include "binding/common/arguments.h"
#include "binding/common/errors.h"
#include "binding/exports.h"
#include "core/base/error.h"

namespace cosimo::binding {
namespace {

Napi::Value lock_file(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto descriptor =
        static_cast<int>(integer_argument(info[0], "descriptor", 0, std::numeric_limits<int>::max()));
    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return Napi::Boolean::New(info.Env(), false);
      if (errno != EINTR)
        throw Error(ErrorCode::invalid_argument,
                    std::string("the file cannot be locked: ") + std::strerror(errno));
    }
    return Napi::Boolean::New(info.Env(), true);
  });
}

}  // namespace

void define_file_lock_function(Napi::Env env, Napi::Object& exports) {
  exports.Set("lockFile", Napi::Function::New(env, lock_file, "lockFile"));
}

}  // namespace cosimo::binding
