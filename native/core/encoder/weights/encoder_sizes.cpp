#include "core/encoder/weights/encoder_sizes.h"

#include <utility>

#include "kernels/encoder/encoder_kernel.h"

namespace cosimo {
namespace {

using Name = UnsupportedSize::Name;
using Rule = UnsupportedSize::Rule;

bool is_multiple(std::size_t size, std::size_t unit) noexcept { return size > 0 && size % unit == 0; }

}  // namespace

std::optional<UnsupportedSize> find_unsupported_size(const EncoderSizes& sizes) noexcept {
  for (const auto& [name, width] :
       {std::pair{Name::hidden, sizes.hidden}, {Name::intermediate, sizes.intermediate}}) {
    if (!is_multiple(width, kEncoderWidthUnit)) {
      return UnsupportedSize{name, width, Rule::multiple_of, kEncoderWidthUnit};
    }
    if (width > kMaxEncoderWidth) return UnsupportedSize{name, width, Rule::at_most, kMaxEncoderWidth};
  }
  const std::size_t head = sizes.heads == 0 ? 0 : sizes.hidden / sizes.heads;
  if (is_multiple(head, kHeadSizeUnit) && head * sizes.heads == sizes.hidden) return std::nullopt;
  return UnsupportedSize{Name::head, head, Rule::multiple_of, kHeadSizeUnit};
}

std::string to_sentence(const UnsupportedSize& unsupported) {
  const std::string size = std::to_string(unsupported.size);
  const std::string limit = std::to_string(unsupported.limit);
  if (unsupported.name == Name::head) return "its heads of " + size + " are not of a multiple of " + limit;
  const std::string name = unsupported.name == Name::hidden ? "hidden" : "intermediate";
  const std::string broken =
      unsupported.rule == Rule::multiple_of ? " is not a multiple of " : " is more than ";
  return "its " + name + " size " + size + broken + limit;
}

}  // namespace cosimo
