// cosimo_bench measures parts of the native half and limits of the machine. README.md explains its use.
#include <exception>
#include <iostream>
#include <new>
#include <system_error>

#include "instructions/features.h"
#include "support/json_line.h"
#include "support/rounds.h"

namespace cosimo::bench {
namespace {

std::unique_ptr<Measure> make_measure(Arguments& arguments) {
  if (arguments.measure() == "dot") return make_dot_measure(arguments);
  if (arguments.measure() == "codes") return make_codes_measure(arguments);
  if (arguments.measure() == "copy") return make_copy_measure(arguments);
  if (arguments.measure() == "read") return make_read_measure(arguments);
  if (arguments.measure() == "instructions") return make_instructions_measure(arguments);
  if (arguments.measure() == "cache") return make_cache_measure(arguments);
  throw UsageError("There is no measure '" + arguments.measure() +
                   "'; there are features, dot, codes, copy, read, instructions and cache.");
}

/// Serves bench/src/trial/protocol.ts until the input ends.
void serve(Arguments& arguments) {
  const double round_s = arguments.take_number("round-s", 0.001, 3600, 0.5);
  const std::size_t threads = arguments.take_count("threads", 1, 1024, 1);
  const std::unique_ptr<Measure> measure = make_measure(arguments);
  Rounds rounds(*measure, threads, round_s);
  write_line("{\"ready\":{}}");
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "round") {
      write_line(json_round(rounds.run()));
    } else if (line == "answers") {
      write_line("{\"answers\":null}");
    } else {
      throw UsageError("The line '" + line + "' is none of 'round' and 'answers'.");
    }
  }
}

void run(int argc, const char* const* argv) {
  Arguments arguments(argc, argv);
  if (arguments.measure() != "features") return serve(arguments);
  arguments.require_all_taken();
  write_line(describe_features());
}

int fail(std::string_view sentence) {
  write_line("{\"error\":" + json_text(sentence) + "}");
  return 1;
}

}  // namespace
}  // namespace cosimo::bench

int main(int argc, char** argv) {
  using cosimo::bench::fail;
  try {
    cosimo::bench::run(argc, argv);
    return 0;
  } catch (const std::bad_alloc&) {
    return fail("There is not enough memory for this measure.");
  } catch (const std::system_error& error) {
    return fail("The threads could not be started: " + error.code().message() + ".");
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
