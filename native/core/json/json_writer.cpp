#include "core/json/json_writer.h"

namespace cosimo {

char* write_vector_json(char* to, std::span<const float> vector, const Kernel& kernel) noexcept {
  *to++ = '[';
  to = write_floats(to, vector, kernel);
  if (!vector.empty()) --to;  // the last comma gives way
  *to++ = ']';
  return to;
}

}  // namespace cosimo
