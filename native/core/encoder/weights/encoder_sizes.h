// Which sizes of a model the encoder's kernels take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace cosimo {

struct EncoderSizes {
  std::size_t hidden;
  std::size_t intermediate;
  std::size_t heads;
};

/// A size that no kernel takes, and the limit that it breaks.
struct UnsupportedSize {
  enum class Name : std::uint8_t { hidden, intermediate, head };
  enum class Rule : std::uint8_t { multiple_of, at_most };

  Name name;
  std::size_t size;
  Rule rule;
  std::size_t limit;
};

/// The first size that no kernel takes, if there is one.
std::optional<UnsupportedSize> find_unsupported_size(const EncoderSizes& sizes) noexcept;

/// A sentence for people, such as "its hidden size 96 is not a multiple of 64". Throws std::bad_alloc.
std::string to_sentence(const UnsupportedSize& unsupported);

}  // namespace cosimo
