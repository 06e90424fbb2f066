// The errors that core throws on purpose. Running out of memory is std::bad_alloc, as everywhere in C++.
#pragma once

#include <stdexcept>
#include <string>

namespace cosimo {

/// Each name is a code of the service's own table (src/errors.ts).
enum class ErrorCode {
  cancelled,
  closed,
  invalid_argument,
  invalid_setting,
  model_invalid,
  not_finite,
  out_of_memory
};

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace cosimo
