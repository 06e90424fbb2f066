// Loops that run a single instruction at the CPU's full rate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cosimo::bench {

struct Instruction {
  const char* name;
  double operations;                  // of one, a multiply-add counted as two
  double count_in_loop;               // how many of it one turn of the loop holds
  void (*loop)(std::uint64_t turns);  // turns ≥ 1; every accumulator waits for none but itself
};

/// The instructions that CPU and OS support.
std::vector<Instruction> measurable_instructions();

/// Features of AArch64 CPUs that an instruction here needs; empty elsewhere.
std::vector<std::string> arm_feature_names();

}  // namespace cosimo::bench
