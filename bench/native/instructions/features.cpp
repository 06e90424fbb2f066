#include "instructions/features.h"

#include "instructions/instructions.h"
#include "kernels/cpu_features.h"
#include "kernels/encoder/encoder_dispatch.h"
#include "kernels/search/search_dispatch.h"
#include "support/json_line.h"

namespace cosimo::bench {
namespace {

std::vector<std::string> feature_names() {
  const CpuFeatures has = detect_cpu_features();
  const std::pair<const char*, bool> features[] = {
      {"avx2", has.avx2_fma},           {"fma", has.avx2_fma},
      {"avx_vnni", has.avx_vnni},       {"avx512f", has.avx512f},
      {"avx512_vnni", has.avx512_vnni}, {"avx512_bf16", has.avx512_bf16},
      {"amx_int8", has.amx_int8},       {"amx_bf16", has.amx_bf16},
  };
  std::vector<std::string> names = arm_feature_names();
  for (const auto& [name, present] : features) {
    if (present) names.emplace_back(name);
  }
  return names;
}

std::string encoder_kernels() {
  std::string list;
  for (const EncoderKernel* kernel : available_encoder_kernels()) {
    list += (list.empty() ? "{" : ",{") + ("\"name\":" + json_text(kernel->name)) +
            ",\"family\":" + json_text(kernel->family) +
            ",\"precision\":" + json_text(encoder_precision_name(kernel->precision)) + "}";
  }
  return "[" + list + "]";
}

}  // namespace

std::string describe_features() {
  std::vector<std::string> kernels;
  for (const SearchKernel* kernel : available_search_kernels()) kernels.emplace_back(kernel->name);
  std::vector<std::string> instructions;
  for (const Instruction& instruction : measurable_instructions())
    instructions.emplace_back(instruction.name);
  return "{\"kernels\":" + json_list(kernels) + ",\"active_kernel\":" + json_text(active_search_kernel().name) +
         ",\"features\":" + json_list(feature_names()) + ",\"instructions\":" + json_list(instructions) +
         ",\"encoders\":" + encoder_kernels() + "}";
}

}  // namespace cosimo::bench
