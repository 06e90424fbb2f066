// Reads and checks the command line `<measure> --flag value …`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

namespace cosimo::bench {

/// A mistake of the caller; what() is one sentence.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The largest number: a JavaScript caller writes all whole numbers up to it exactly.
constexpr std::uint64_t kLargestSeed = (1ULL << 53U) - 1;

/// Every getter removes its flag, so that only unknown flags are left at the end. All throw UsageError.
class Arguments {
 public:
  Arguments(int argc, const char* const* argv);

  const std::string& measure() const { return measure_; }

  /// Without a default (nullptr or nullopt) the flag is required.
  std::string take_text(const std::string& flag, const char* default_value = nullptr);
  std::uint64_t take_count(const std::string& flag, std::uint64_t least, std::uint64_t most,
                           std::optional<std::uint64_t> default_value = std::nullopt);
  double take_number(const std::string& flag, double least, double most, double default_value);

  /// Throws when a flag was not taken: call it before any work is done.
  void require_all_taken() const;

 private:
  std::optional<std::string> take(const std::string& flag);
  std::string missing(const std::string& flag) const;

  std::string measure_;
  std::map<std::string, std::string> flags_;
};

}  // namespace cosimo::bench
