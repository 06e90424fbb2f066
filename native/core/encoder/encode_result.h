// The result of a batch, and the callback that takes it.
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
