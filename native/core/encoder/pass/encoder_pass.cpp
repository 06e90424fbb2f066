#include "core/encoder/pass/encoder_pass.h"

#include <algorithm>
#include <vector>

#include "core/encoder/pass/pooling.h"

namespace cosimo {
namespace {

// How much work one item of a stage has. It should last some microseconds: far longer than taking an item,
// far shorter than a thread should wait for another thread's item.
constexpr std::size_t kItemMultiplications =
    200'000;  // of floats; elements of half the size are twice as fast
constexpr std::size_t kAttentionMultiplications = 1'000'000;
constexpr std::size_t kNormRows = 8;

std::size_t items_of(std::size_t count, std::size_t at_a_time) noexcept {
  return (count + at_a_time - 1) / at_a_time;
}

class Pass {
 public:
  Pass(const EncoderWeights& weights, const EncoderPiece& piece, EncoderWorkspace& workspace,
       SharedStages& stages, const StageScratch& scratch, std::size_t threads) noexcept
      : weights_(weights),
        kernel_(weights.kernel()),
        model_(weights.model()),
        piece_(piece),
        space_(workspace),
        stages_(stages),
        scratch_(scratch),
        threads_(threads),
        longest_(static_cast<std::size_t>(*std::max_element(piece.lengths, piece.lengths + piece.texts))) {}

  void embed() noexcept {
    place_tokens();
    const std::size_t hidden = model_.hidden_size;
    each_rows(piece_.tokens, [&](std::size_t first, std::size_t count) {
      for (std::size_t row = first; row < first + count; ++row) {
        const float* word = weights_.word(static_cast<std::size_t>(piece_.ids[row]));
        const float* position = weights_.position(space_.positions()[row]);
        float* sum = floats(row);
        for (std::size_t i = 0; i < hidden; ++i) sum[i] = word[i] + position[i];
      }
      normalize(weights_.embedding_norm(), first, count);
    });
  }

  void run_layer(const EncoderLayer& layer) noexcept {
    const std::size_t chunks = items_of(piece_.tokens, space_.chunk_rows());
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) project(layer, rows_of(chunk, chunks));
    attend();
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) feed_forward(layer, rows_of(chunk, chunks));
  }

  void pool() noexcept {
    const std::size_t hidden = model_.hidden_size;
    stages_.run(piece_.texts, scratch_, [&](std::size_t text, const StageScratch&) {
      const TokenRows rows{floats(starts_of_texts()[text]), space_.float_stride(),
                           static_cast<std::size_t>(piece_.lengths[text])};
      pool_tokens(rows, model_.pooling, model_.normalize, {piece_.vectors + text * hidden, hidden});
    });
  }

 private:
  struct Rows {
    std::size_t first;
    std::size_t count;
  };

  // Chunks have about the same length.
  Rows rows_of(std::size_t chunk, std::size_t chunks) const noexcept {
    const std::size_t first = piece_.tokens * chunk / chunks;
    return {first, piece_.tokens * (chunk + 1) / chunks - first};
  }

  float* floats(std::size_t row) const noexcept {
    return reinterpret_cast<float*>(reinterpret_cast<std::byte*>(space_.floats()) +
                                    row * space_.float_stride());
  }

  const std::vector<std::size_t>& starts_of_texts() const noexcept { return space_.starts(); }

  void place_tokens() noexcept {
    std::vector<std::size_t>& positions = space_.positions();
    std::vector<std::size_t>& starts = space_.starts();
    positions.clear();
    starts.clear();
    for (std::size_t text = 0; text < piece_.texts; ++text) {
      starts.push_back(positions.size());
      const auto length = static_cast<std::size_t>(piece_.lengths[text]);
      if (!model_.padding_id) {
        for (std::size_t i = 0; i < length; ++i) positions.push_back(i);
        continue;
      }
      const auto padding = static_cast<std::size_t>(*model_.padding_id);
      std::size_t last = padding;
      const std::int32_t* ids = piece_.ids + positions.size();
      for (std::size_t i = 0; i < length; ++i) {
        positions.push_back(ids[i] == *model_.padding_id ? padding : ++last);
      }
    }
  }

  template <typename Work>
  void each_rows(std::size_t count, const Work& work) noexcept {
    stages_.run(items_of(count, kNormRows), scratch_, [&](std::size_t item, const StageScratch&) {
      const std::size_t first = item * kNormRows;
      work(first, std::min(kNormRows, count - first));
    });
  }

  void normalize(const NormWeights& norm, std::size_t first, std::size_t count) const noexcept {
    kernel_.norm_rows(floats(first), space_.float_stride(), count, model_.hidden_size, norm,
                      rows_from(space_.hidden(), first));
  }

  void norm_stage(const NormWeights& norm, Rows rows) noexcept {
    each_rows(rows.count,
              [&](std::size_t first, std::size_t count) { normalize(norm, rows.first + first, count); });
  }

  // `in` and `to` begin with the same row.
  void product_stage(const EncoderKernel& kernel, const ActivationRows& in, const PackedDense& dense,
                     std::size_t row_count, const ProductTarget& to) noexcept {
    const std::size_t panels = dense.outputs / kernel.panel_outputs;
    const std::size_t work = row_count * dense.inputs * kernel.panel_outputs * kernel.weight_bytes /
                             (sizeof(float) * kernel.product_speed);
    const std::size_t fair = std::max<std::size_t>(1, panels / (2 * threads_));
    const std::size_t at_a_time =
        std::clamp<std::size_t>(kItemMultiplications / std::max<std::size_t>(work, 1), 1, fair);
    stages_.run(items_of(panels, at_a_time), scratch_, [&](std::size_t item, const StageScratch&) {
      const std::size_t first = item * at_a_time;
      kernel.product(in, dense, 0, row_count, first, std::min(at_a_time, panels - first), to);
    });
  }

  void project(const EncoderLayer& layer, Rows rows) noexcept {
    const ActivationRows in = rows_from(space_.hidden(), rows.first);
    const ActivationRows out = rows_from(space_.qkv(), rows.first);
    product_stage(kernel_, in, layer.projection, rows.count, {Epilogue::store, out.values, out.stride});
    if (kernel_.values_kernel == nullptr) return;
    auto* values = static_cast<std::byte*>(out.values) + 2 * model_.hidden_size * kernel_.activation_bytes;
    product_stage(*kernel_.values_kernel, in, layer.values, rows.count,
                  {Epilogue::store, values, out.stride});
  }

  void attend() noexcept {
    const std::size_t heads = model_.heads;
    const std::size_t items_wanted = items_of(4 * threads_, piece_.texts);
    // The work of a head grows with the square of the text's length. Its products run at half the speed of a
    // dense layer's.
    const std::size_t work = 2 * longest_ * longest_ * (model_.hidden_size / heads);
    const std::size_t at_a_time = std::min(items_of(heads, std::min(items_wanted, heads)),
                                           std::max<std::size_t>(1, kAttentionMultiplications / work));
    const std::size_t items = items_of(heads, at_a_time);
    const ActivationRows& qkv = space_.qkv();
    const ActivationRows& context = space_.context();
    stages_.run(piece_.texts * items, scratch_, [&](std::size_t item, const StageScratch& own) {
      const std::size_t text = item / items;
      const std::size_t first_head = item % items * at_a_time;
      const std::size_t row = starts_of_texts()[text];
      AttentionCall call{};
      call.qkv = rows_from(qkv, row).values;
      call.qkv_stride = qkv.stride;
      call.tokens = static_cast<std::size_t>(piece_.lengths[text]);
      call.width = model_.hidden_size;
      call.head_size = model_.hidden_size / heads;
      call.first_head = first_head;
      call.head_count = std::min(at_a_time, heads - first_head);
      call.context = rows_from(context, row).values;
      call.context_stride = context.stride;
      call.scratch = own.memory;
      kernel_.attention(call);
    });
  }

  void quantize_stage(const ActivationRows& rows, std::size_t count, std::size_t width) noexcept {
    if (kernel_.quantize_rows == nullptr) return;
    each_rows(count,
              [&](std::size_t first, std::size_t some) { kernel_.quantize_rows(rows, first, some, width); });
  }

  void feed_forward(const EncoderLayer& layer, Rows rows) noexcept {
    const ActivationRows context = rows_from(space_.context(), rows.first);
    const ActivationRows hidden = rows_from(space_.hidden(), rows.first);
    const ActivationRows& intermediate = space_.intermediate();
    const ProductTarget sums{Epilogue::add, floats(rows.first), space_.float_stride()};
    quantize_stage(context, rows.count, model_.hidden_size);
    product_stage(kernel_, context, layer.attention_output, rows.count, sums);
    norm_stage(layer.attention_norm, rows);
    product_stage(kernel_, hidden, layer.intermediate, rows.count,
                  {Epilogue::gelu, intermediate.values, intermediate.stride});
    quantize_stage(intermediate, rows.count, model_.intermediate_size);
    product_stage(kernel_, intermediate, layer.output, rows.count, sums);
    norm_stage(layer.output_norm, rows);
  }

  const EncoderWeights& weights_;
  const EncoderKernel& kernel_;
  const EncoderModel& model_;
  const EncoderPiece& piece_;
  EncoderWorkspace& space_;
  SharedStages& stages_;
  const StageScratch& scratch_;
  const std::size_t threads_;
  const std::size_t longest_;  // text of the piece, in tokens
};

}  // namespace

std::size_t encoder_scratch_bytes(const EncoderWeights& weights, std::size_t most_tokens) noexcept {
  const EncoderModel& model = weights.model();
  return weights.kernel().attention_scratch_bytes(most_tokens, model.hidden_size / model.heads);
}

bool run_encoder_pass(const EncoderWeights& weights, const EncoderPiece& piece, EncoderWorkspace& workspace,
                      SharedStages& stages, const StageScratch& scratch, std::size_t threads,
                      const std::atomic<bool>& stop) noexcept {
  Pass pass(weights, piece, workspace, stages, scratch, threads);
  pass.embed();
  for (const EncoderLayer& layer : weights.layers()) {
    if (stop.load(std::memory_order_relaxed)) return false;
    pass.run_layer(layer);
  }
  pass.pool();
  return true;
}

}  // namespace cosimo
