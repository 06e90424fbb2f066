#include "support/arguments.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace cosimo::bench {
namespace {

std::string shown(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", number);
  return text;
}

std::string out_of_range(const std::string& flag, const std::string& text, const std::string& least,
                         const std::string& most, const char* kind) {
  return "--" + flag + " must be a " + kind + " from " + least + " to " + most + ", not '" + text + "'.";
}

}  // namespace

Arguments::Arguments(int argc, const char* const* argv) {
  if (argc < 2) throw UsageError("The first argument must be a measure.");
  measure_ = argv[1];
  for (int at = 2; at < argc; at += 2) {
    const std::string_view word = argv[at];
    if (!word.starts_with("--") || word.size() == 2) {
      throw UsageError("Flags look like --name, not '" + std::string(word) + "'.");
    }
    if (at + 1 == argc || std::string_view(argv[at + 1]).starts_with("--")) {
      throw UsageError(std::string(word) + " needs a value.");
    }
    if (!flags_.emplace(word.substr(2), argv[at + 1]).second) {
      throw UsageError(std::string(word) + " is given twice.");
    }
  }
}

std::optional<std::string> Arguments::take(const std::string& flag) {
  const auto node = flags_.extract(flag);
  return node.empty() ? std::nullopt : std::optional(node.mapped());
}

std::string Arguments::missing(const std::string& flag) const {
  return "The measure '" + measure_ + "' needs --" + flag + ".";
}

std::string Arguments::take_text(const std::string& flag, const char* default_value) {
  if (auto given = take(flag)) return *given;
  if (default_value == nullptr) throw UsageError(missing(flag));
  return default_value;
}

std::uint64_t Arguments::take_count(const std::string& flag, std::uint64_t least, std::uint64_t most,
                                    std::optional<std::uint64_t> default_value) {
  const auto given = take(flag);
  if (!given && !default_value) throw UsageError(missing(flag));
  if (!given) return *default_value;
  // strtoull takes signs and blanks too, and turns -1 into a large number.
  const bool digits = !given->empty() && given->find_first_not_of("0123456789") == std::string::npos;
  const std::uint64_t value = digits && given->size() < 20 ? std::strtoull(given->c_str(), nullptr, 10) : 0;
  if (!digits || given->size() >= 20 || value < least || value > most) {
    throw UsageError(out_of_range(flag, *given, std::to_string(least), std::to_string(most), "whole number"));
  }
  return value;
}

double Arguments::take_number(const std::string& flag, double least, double most, double default_value) {
  const auto given = take(flag);
  if (!given) return default_value;
  char* end = nullptr;
  const double value = std::strtod(given->c_str(), &end);
  if (given->empty() || *end != '\0' || !(value >= least && value <= most)) {
    throw UsageError(out_of_range(flag, *given, shown(least), shown(most), "number"));
  }
  return value;
}

void Arguments::require_all_taken() const {
  if (flags_.empty()) return;
  throw UsageError("The measure '" + measure_ + "' knows no --" + flags_.begin()->first + ".");
}

}  // namespace cosimo::bench
