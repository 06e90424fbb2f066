#include "instructions.h"

#include "measure.h"

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
  explicit InstructionsMeasure(const Instruction& instruction) : instruction_(instruction) {}

  std::unique_ptr<Worker> make_worker(std::size_t) override {
    return std::make_unique<InstructionsWorker>(instruction_);
  }

  Round describe(const Tally& sum, double seconds) const override {
    const double billions_per_s = sum.units / seconds / 1e9;
    return {billions_per_s, {{"gop_per_s", billions_per_s * instruction_.operations}}};
  }

 private:
  const Instruction instruction_;
};

}  // namespace

std::unique_ptr<Measure> make_instructions_measure(Arguments& arguments) {
  const std::string wanted = arguments.take_text("name");
  arguments.require_all_taken();
  std::string names;
  for (const Instruction& instruction : measurable_instructions()) {
    if (wanted == instruction.name) return std::make_unique<InstructionsMeasure>(instruction);
    names += (names.empty() ? "" : ", ") + std::string(instruction.name);
  }
  throw UsageError("This machine can't measure '" + wanted + "', only: " + (names.empty() ? "none" : names) +
                   ".");
}

}  // namespace cosimo::bench
