#include "instructions/instructions.h"

#include "support/measure.h"

namespace cosimo::bench {

#if !defined(__x86_64__) && !defined(__aarch64__)
std::vector<Instruction> measurable_instructions() { return {}; }
std::vector<std::string> arm_feature_names() { return {}; }
#endif

namespace {

constexpr std::uint64_t kTurnsPerStep = 20'000;  // some 100 µs

class InstructionsWorker : public Worker {
 public:
  explicit InstructionsWorker(const Instruction& instruction) : instruction_(instruction) {}

  void step(Tally& tally) override {
    instruction_.loop(kTurnsPerStep);
    tally.units += kTurnsPerStep * instruction_.count_in_loop;
  }

 private:
  const Instruction instruction_;
};

class InstructionsMeasure : public Measure {
 public:
  InstructionsMeasure(const Instruction& instruction, bool in_multiply_adds)
      : instruction_(instruction), in_multiply_adds_(in_multiply_adds) {}

  std::unique_ptr<Worker> make_worker(std::size_t) override {
    return std::make_unique<InstructionsWorker>(instruction_);
  }

  Round describe(const Tally& sum, double seconds) const override {
    const double billions_per_s = sum.units / seconds / 1e9;
    const double gop_per_s = billions_per_s * instruction_.operations;
    return {in_multiply_adds_ ? gop_per_s / 2 : billions_per_s, {{"gop_per_s", gop_per_s}}};
  }

 private:
  const Instruction instruction_;
  const bool in_multiply_adds_;
};

bool take_in_multiply_adds(Arguments& arguments) {
  const std::string unit = arguments.take_text("unit", "instructions");
  if (unit == "instructions" || unit == "multiply-adds") return unit == "multiply-adds";
  throw UsageError("--unit must be instructions or multiply-adds, not '" + unit + "'.");
}

}  // namespace

std::unique_ptr<Measure> make_instructions_measure(Arguments& arguments) {
  const std::string wanted = arguments.take_text("name");
  const bool in_multiply_adds = take_in_multiply_adds(arguments);
  arguments.require_all_taken();
  std::string names;
  for (const Instruction& instruction : measurable_instructions()) {
    if (wanted == instruction.name)
      return std::make_unique<InstructionsMeasure>(instruction, in_multiply_adds);
    names += (names.empty() ? "" : ", ") + std::string(instruction.name);
  }
  throw UsageError("This machine can't measure '" + wanted + "', only: " + (names.empty() ? "none" : names) +
                   ".");
}

}  // namespace cosimo::bench
