// The interface of an encoder kernel: the arithmetic of a transformer layer, written once for every
// instruction set and precision. What is not here (which text is where, which thread does what) is core's.
//
// A kernel is one file of this folder. It includes `.inc` files and intrinsics alone: generic/preamble.inc
// first, which says what comes next, or tiles/make_amx_kernel.inc, which includes kernels/amx_tiles.h too. A
// library's inline function, compiled here, could run on a CPU without the instructions. For the same reason
// there is no inline code in this header.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cosimo {

enum class EncoderPrecision : std::uint8_t { fp32, bf16, int8 };

/// A bfloat16 number: the upper half of a float.
struct Bf16 {
  std::uint16_t bits;
};

/// The sizes of a model that kernels take. Widths need no tail handling; only rows and keys do.
constexpr std::size_t kEncoderWidthUnit = 64;  // hidden and intermediate size are multiples of it
constexpr std::size_t kHeadSizeUnit = 32;      // the size of a head is a multiple of it
constexpr std::size_t kMaxEncoderWidth = 16384;

/// Rows start at multiples of kEncoderAlignment bytes. kSpareRows rows follow the last row; products may read
/// them, since they read whole tiles, never write them.
constexpr std::size_t kEncoderAlignment = 64;
constexpr std::size_t kSpareRows = 32;

/// Activations, one row for each token, as floats or bfloat16 and as what products read.
struct ActivationRows {
  /// Floats or bfloat16, as the kernel's `activation_bytes` says.
  void* values;
  std::size_t stride;  // bytes from one row to the next; a multiple of kEncoderAlignment
  /// What products read, if they do not read the values themselves (`code_bytes` > 0).
  void* codes;
  std::size_t code_stride;
  float* scale;  // [row], of int8 codes: value ≈ scale · code + zero, codes from 0 to 255
  float* zero;
};

/// A dense layer, packed for one kernel.
struct PackedDense {
  std::size_t inputs;
  std::size_t outputs;
  const void* weights;
  const float* bias;   // [outputs]
  const float* scale;  // [outputs], int8: weight ≈ scale · code, codes from −127 to 127
  const float* sum;    // [outputs], int8: scale · Σ codes; an activation zero of 1 adds this to an output
};

/// Where packing writes; `scale` and `sum` are written by int8 kernels only.
struct PackedWeights {
  void* weights;  // outputs · inputs · weight_bytes bytes, aligned
  float* scale;
  float* sum;
};

/// `weights`: [outputs][inputs], both multiples of kEncoderWidthUnit.
using PackDense = void(const float* weights, std::size_t outputs, std::size_t inputs,
                       const PackedWeights& to);

/// What a kernel does with the sums of a product.
enum class Epilogue : std::uint8_t {
  store,  // they become activations
  gelu,   // x · Φ(x) of each becomes activations
  add,    // they are added to floats
};

struct ProductTarget {
  Epilogue epilogue;
  void* rows;          // activations, or floats to add to
  std::size_t stride;  // bytes
};

/// rows · weightsᵀ + bias of rows [first_row, first_row + row_count), for the outputs of panels
/// [first_panel, first_panel + panel_count); a panel is `panel_outputs` of them. Row i of `to` is row i of
/// `in`. An element's bits depend on its row and on nothing else.
using Product = void(const ActivationRows& in, const PackedDense& dense, std::size_t first_row,
                     std::size_t row_count, std::size_t first_panel, std::size_t panel_count,
                     const ProductTarget& to);

struct NormWeights {
  const float* weight;  // [width]
  const float* bias;    // [width]
  float epsilon;        // added to the variance
};

/// LayerNorm of each row of floats, in place; writes the same rows as activations with their codes. If the
/// activations are floats, `to.values` are the rows themselves.
using NormRows = void(float* rows, std::size_t stride, std::size_t row_count, std::size_t width,
                      const NormWeights& weights, const ActivationRows& to);

/// Writes the codes of rows [first_row, first_row + row_count) from their values. Null in a kernel without
/// codes.
using QuantizeRows = void(const ActivationRows& rows, std::size_t first_row, std::size_t row_count,
                          std::size_t width);

/// One text's attention by heads [first_head, first_head + head_count).
struct AttentionCall {
  /// The text's rows, each of 3 · width activations: queries, already multiplied by log₂(e) / √head_size,
  /// keys, values; each of the three has one head after another.
  const void* qkv;
  std::size_t qkv_stride;  // bytes
  std::size_t tokens;      // ≥ 1
  std::size_t width;
  std::size_t head_size;
  std::size_t first_head;
  std::size_t head_count;
  void* context;  // the text's rows of `width` activations
  std::size_t context_stride;
  void* scratch;  // the thread's own, scratch_bytes(tokens, head_size), aligned
};
using Attention = void(const AttentionCall& call);
using AttentionScratchBytes = std::size_t(std::size_t tokens, std::size_t head_size);

struct EncoderKernel {
  const char* name;
  /// The kernel family (kernels/kernel_family.h) whose name in COSIMO_KERNEL selects this kernel.
  const char* family;
  EncoderPrecision precision;
  std::size_t activation_bytes;  // of an element: 4, or 2 for bfloat16
  std::size_t code_bytes;        // of an element; 0 if products read the activations
  std::size_t weight_bytes;      // of a packed element
  std::size_t tile_rows;         // the most rows that a tile takes
  std::size_t panel_outputs;     // divides kEncoderWidthUnit
  PackDense* pack;
  Product* product;
  NormRows* norm_rows;
  QuantizeRows* quantize_rows;
  Attention* attention;
  AttentionScratchBytes* attention_scratch_bytes;
  /// The kernel that projects to attention's values, where int8 codes would cost the most accuracy. It reads
  /// the activations and has no codes. Null: this kernel itself.
  const EncoderKernel* values_kernel;
  /// Theoretical speed relative to AVX-512 at this element size; faster kernels get larger items.
  std::size_t product_speed = 1;
};

#if defined(__x86_64__)
extern const EncoderKernel kEncoderFp32Amx;
extern const EncoderKernel kEncoderFp32Avx512;
extern const EncoderKernel kEncoderFp32Avx2;
extern const EncoderKernel kEncoderBf16Amx;
extern const EncoderKernel kEncoderBf16Avx512;
extern const EncoderKernel kEncoderInt8Amx;
extern const EncoderKernel kEncoderInt8Avx512Bf16;  // VNNI, with activations in bfloat16
extern const EncoderKernel kEncoderInt8Avx512;      // VNNI, with activations in floats
extern const EncoderKernel kEncoderInt8AvxVnni;
#elif defined(__aarch64__)
extern const EncoderKernel kEncoderFp32Neon;
extern const EncoderKernel kEncoderBf16Neon;
extern const EncoderKernel kEncoderInt8Neon;
#endif
extern const EncoderKernel kEncoderFp32Scalar;

}  // namespace cosimo
