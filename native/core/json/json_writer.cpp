#include "core/json/json_writer.h"

namespace cosimo {

char* write_vector_json(char* to, std::span<const float> vector, const DecimalsKernel& kernel) noexcept {
  *to++ = '[';
  to = write_floats(to, vector, kernel);
  if (!vector.empty()) --to;  // over the last comma
  *to++ = ']';
  return to;
}

}  // namespace cosimo
