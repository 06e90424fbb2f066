// How much memory the system has given this process.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdio>

namespace cosimo::test {

struct ProcessMemory {
  std::size_t address_space_bytes = 0;
  std::size_t resident_bytes = 0;
};

/// Zeros if the system doesn't tell.
inline ProcessMemory process_memory() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long total = 0;
  unsigned long resident = 0;
  const int read = file != nullptr ? std::fscanf(file, "%lu %lu", &total, &resident) : 0;
  if (file != nullptr) std::fclose(file);
  if (read != 2) return {};
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return {total * page, resident * page};
}

}  // namespace cosimo::test
