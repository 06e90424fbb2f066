// The forward pass: some texts through all layers, as stages that threads share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/encoder/pass/encoder_workspace.h"
#include "core/encoder/pass/shared_stages.h"

namespace cosimo {

/// Texts that go through the encoder together, one packed run of tokens.
struct EncoderPiece {
  const std::int32_t* ids;      // of all texts, one after another
  const std::int32_t* lengths;  // of each text, ≥ 1
  std::size_t texts;
  std::size_t tokens;
  float* vectors;  // [text][hidden]
};

/// Bytes of scratch that each thread of a pass needs, for texts of at most `most_tokens` tokens.
std::size_t encoder_scratch_bytes(const EncoderWeights& weights, std::size_t most_tokens) noexcept;

/// Leads a pass. The ids are checked, and `workspace` has room for piece.tokens rows. `stop` is read between
/// layers; where it is set, the pass ends without vectors and the result is false.
bool run_encoder_pass(const EncoderWeights& weights, const EncoderPiece& piece, EncoderWorkspace& workspace,
                      SharedStages& stages, const StageScratch& scratch, std::size_t threads,
                      const std::atomic<bool>& stop) noexcept;

}  // namespace cosimo
