// fp32 on AMX from three bf16 products. A float is split into its nearest bfloat16 (high) and the nearest to
// the rest (low; error ≤ 2⁻¹⁷). Of the four products of two such pairs, low · low is dropped (≤ 2⁻¹⁶).
// Attention is AVX-512 in floats.
//
// Nobody has measured whether this is faster than AVX-512 in floats, so encoder_dispatch.cpp lists it later.
//
// The codes of a row are its high halves, one after another, then its low ones.
#if defined(__x86_64__)

#define COSIMO_TARGET \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,fma,avx2,avx512bf16")))
#define COSIMO_ACTIVATION float
#include "kernels/encoder/tiles/make_amx_kernel.inc"

namespace cosimo {
namespace {

struct SplitFloat {
  Bf16 high;
  Bf16 low;
};

// A panel has sixteen steps of high halves, then the same steps of low halves, and so on. A step of the
// interface is one input, so that a panel is as long as a panel of floats.
struct SplitTile {
  using Element = SplitFloat;
  static constexpr std::size_t kGroup = 1;
  static constexpr std::size_t kMaxRows = 2 * kTileRows;
  static constexpr std::size_t kRowUnit = kTileRows;
  static constexpr std::size_t kStepUnit = 2 * kTileRows;

  template <typename Overlapped>
  COSIMO_INLINE static void multiply_rows(std::size_t rows, const char* a, std::size_t a_stride,
                                          const char* panel, std::size_t steps, float* sums,
                                          std::size_t sums_stride, Overlapped& epilogue) {
    if (rows > kTileRows) {
      multiply<true>(a, a_stride, panel, steps, sums, sums_stride, epilogue);
    } else {
      multiply<false>(a, a_stride, panel, steps, sums, sums_stride, epilogue);
    }
  }

 private:
  // The order of the products lets each tile be loaded once.
  template <bool kBothRows, typename Overlapped>
  COSIMO_INLINE static void multiply(const char* a, std::size_t a_stride, const char* panel,
                                     std::size_t steps, float* sums, std::size_t sums_stride,
                                     Overlapped& epilogue) {
    const char* low = a + steps * sizeof(Bf16);
    zero_sums<kBothRows>();
    for (std::size_t step = 0; step < steps; step += kStepUnit) {
      const char* outputs = panel + step * kPanelStepBytes;
      load_outputs(outputs);
      load_rows<Bf16Products, kBothRows>(low + step * sizeof(Bf16), a_stride);
      multiply_tiles<Bf16Products, kBothRows>();
      load_rows<Bf16Products, kBothRows>(a + step * sizeof(Bf16), a_stride);
      multiply_tiles<Bf16Products, kBothRows>();
      load_outputs(outputs + kTilePanelBytes);
      multiply_tiles<Bf16Products, kBothRows>();
      epilogue.step();
    }
    store_sums<kBothRows>(sums, sums_stride);
  }
};

COSIMO_INLINE float float_of(Bf16 value) {
  const std::uint32_t bits = static_cast<std::uint32_t>(value.bits) << 16;
  float result;
  __builtin_memcpy(&result, &bits, sizeof result);
  return result;
}

COSIMO_TARGET void pack_split_weights(const float* weights, std::size_t outputs, std::size_t inputs,
                                      const PackedWeights& to) {
  constexpr std::size_t pair = 2;  // inputs of a dword
  constexpr std::size_t half_elements = kTilePanelBytes / sizeof(Bf16);
  constexpr std::size_t step_elements = kPanelStepBytes / sizeof(Bf16);
  auto* packed = static_cast<Bf16*>(to.weights);
  for (std::size_t output = 0; output < outputs; ++output) {
    Bf16* panel = packed + output / kPanelOutputs * 2 * kPanelOutputs * inputs;
    Bf16* column = panel + output % kPanelOutputs * pair;
    for (std::size_t input = 0; input < inputs; ++input) {
      const float weight = weights[output * inputs + input];
      const Bf16 high = bf16_of(weight);
      Bf16* element = column + input / SplitTile::kStepUnit * 2 * half_elements +
                      input % SplitTile::kStepUnit / pair * step_elements + input % pair;
      element[0] = high;
      element[half_elements] = bf16_of(weight - float_of(high));
    }
  }
}

COSIMO_INLINE void split_row(const float* row, std::size_t width, Bf16* codes) {
  for (std::size_t i = 0; i < width; i += kTwoVectors) {
    const Floats first = load_floats(row + i);
    const Floats second = load_floats(row + i + kVectorFloats);
    Bf16* high = codes + i;
    store_two(high, first, second);
    store_two(high + width, subtract(first, load_floats(high)),
              subtract(second, load_floats(high + kVectorFloats)));
  }
}

COSIMO_TARGET void split_rows(const ActivationRows& rows, std::size_t first_row, std::size_t row_count,
                              std::size_t width) {
  for (std::size_t r = first_row; r < first_row + row_count; ++r) {
    split_row(reinterpret_cast<const float*>(static_cast<const char*>(rows.values) + r * rows.stride), width,
              reinterpret_cast<Bf16*>(static_cast<char*>(rows.codes) + r * rows.code_stride));
  }
}

COSIMO_TARGET void normalize_and_split(float* rows, std::size_t stride, std::size_t row_count,
                                       std::size_t width, const NormWeights& weights,
                                       const ActivationRows& to) {
  normalize_rows<false>(rows, stride, row_count, width, weights, to);
  for (std::size_t r = 0; r < row_count; ++r) {
    split_row(reinterpret_cast<const float*>(reinterpret_cast<const char*>(rows) + r * stride), width,
              reinterpret_cast<Bf16*>(static_cast<char*>(to.codes) + r * to.code_stride));
  }
}

}  // namespace

using AttentionTile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderFp32Amx = make_kernel<SplitTile, AttentionTile>(
    {.name = "amx-fp32", .family = "amx", .precision = EncoderPrecision::fp32, .product_speed = 5}, nullptr,
    {.pack = pack_split_weights,
     .product = multiply_rows_on_tiles<SplitTile>,
     .norm_rows = normalize_and_split,
     .quantize_rows = split_rows,
     .attention = attend<AttentionTile>});

}  // namespace cosimo

#endif
