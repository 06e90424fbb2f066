// Numbers that environment variables set for a test.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace cosimo::test {

inline std::uint64_t from_environment(const char* name, std::uint64_t default_value) {
  const char* given = std::getenv(name);
  return given != nullptr && *given != '\0' ? std::strtoull(given, nullptr, 10) : default_value;
}

}  // namespace cosimo::test
