// What a batch ends with, and who is told.
#pragma once

#include <exception>
#include <functional>
#include <vector>

namespace cosimo {

struct EncodeResult {
  std::vector<float> vectors;  // [text][hidden]
  std::exception_ptr error;    // set: there are no vectors
};

/// Called once for each batch.
using EncodeDone = std::function<void(EncodeResult)>;

}  // namespace cosimo
