// The forward pass: some texts through all layers, as stages that threads share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/encoder/encoder_workspace.h"
#include "core/encoder/shared_stages.h"

namespace cosimo {

/// Texts that go through the encoder together, one packed run of tokens.
struct EncoderPiece {
  const std::int32_t* ids;      // of all texts, one after another
  const std::int32_t* lengths;  // of each text, ≥ 1
  std::size_t texts;
  std::size_t tokens;
  float* vectors;  // [text][hidden]
};

/// Most bytes that an item of a pass over texts of up to so many tokens works in.
std::size_t encoder_scratch_bytes(const EncoderWeights& weights, std::size_t most_tokens) noexcept;

/// Leads a pass over checked ids. `workspace` has room for piece.tokens rows. False when `stop` was set,
/// which is looked at between layers: there are no vectors then.
bool run_encoder(const EncoderWeights& weights, const EncoderPiece& piece, EncoderWorkspace& workspace,
                 SharedStages& stages, const StageScratch& scratch, std::size_t threads,
                 const std::atomic<bool>& stop) noexcept;

}  // namespace cosimo
