// JSON text of float32 vectors.
#pragma once

#include <span>
#include <string>

namespace cosimo {

/// Appends vectors, written as `[[…],[…]]`. One thread at a time.
///
/// Each float takes the shortest decimal form that reads back as the same float32, whether the reader parses
/// to float32 at once or to double first, as JavaScript does. Forms such as 1, -0 and 1e-08 are all valid
/// JSON numbers.
class JsonWriter {
 public:
  /// Throws Error not_finite, std::bad_alloc; the writer is then of no further use.
  void append(std::span<const float> vector);

  /// The finished text; the writer is empty afterwards. Throws std::bad_alloc.
  std::string take();

 private:
  std::string text_;
};

}  // namespace cosimo
