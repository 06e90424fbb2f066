// The macros of kernels/amx_tiles.h in plain memory, as Intel's manual describes the instructions, so that
// AMX kernels can be tested without AMX. They end the process if an instruction would fault: when tiles are
// not configured or have an unsuitable size. Kernels compiled with these get other names, so that they can be
// linked together with the real ones.
#pragma once

#define amx emulated_amx
#define kAmxSearchKernel kEmulatedAmxSearchKernel
#define kEncoderFp32Amx kEmulatedEncoderFp32Amx
#define kEncoderBf16Amx kEmulatedEncoderBf16Amx
#define kEncoderInt8Amx kEmulatedEncoderInt8Amx

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace cosimo::test {

class Tiles {
 public:
  void configure(const void* config) {
    require(config_.palette == 0,
            "released since they were last configured");  // our rule, not the instruction's
    std::memcpy(&config_, config, sizeof config_);
    require(config_.palette == 1 && config_.start_row == 0, "palette 1 from row 0");
    for (const std::uint8_t byte : config_.reserved) require(byte == 0, "reserved bytes are zero");
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
      require(config_.rows[tile] <= kRows && config_.row_bytes[tile] <= kRowBytes, "tiles of at most 1 KiB");
      zero_bytes(tile);
    }
    for (std::size_t tile = kTiles; tile < 16; ++tile)
      require(config_.rows[tile] == 0 && config_.row_bytes[tile] == 0, "eight tiles");
  }

  void release() { config_ = {}; }

  void zero(std::size_t tile) {
    require_configured(tile);
    zero_bytes(tile);
  }

  void load(std::size_t tile, const void* memory, std::size_t stride) {
    require_configured(tile);
    zero_bytes(tile);
    for (std::size_t row = 0; row < config_.rows[tile]; ++row) {
      const auto* from = static_cast<const std::uint8_t*>(memory) + row * stride;
      std::memcpy(bytes_[tile][row], from, config_.row_bytes[tile]);
    }
  }

  void store(std::size_t tile, void* memory, std::size_t stride) const {
    require_configured(tile);
    for (std::size_t row = 0; row < config_.rows[tile]; ++row) {
      auto* to = static_cast<std::uint8_t*>(memory) + row * stride;
      std::memcpy(to, bytes_[tile][row], config_.row_bytes[tile]);
    }
  }

  /// TDPBSUD and TDPBUSD: bytes, signed or not.
  template <typename A, typename B>
  void dot_bytes(std::size_t sums, std::size_t a, std::size_t b) {
    require_suitable(sums, a, b);
    std::int32_t of_b[kRows][4][kColumns];
    for (std::size_t k = 0; k < kRows; ++k) {
      const std::uint8_t* row = bytes_[b][k];
      for (std::size_t at = 0; at < kRowBytes; ++at) of_b[k][at % 4][at / 4] = static_cast<B>(row[at]);
    }
    for (std::size_t m = 0; m < config_.rows[sums]; ++m) {
      std::int32_t products[kColumns] = {};
      for (std::size_t at = 0; at < kRowBytes; ++at) {
        const std::int32_t of_a = static_cast<A>(bytes_[a][m][at]);
        for (std::size_t n = 0; n < kColumns; ++n) products[n] += of_a * of_b[at / 4][at % 4][n];
      }
      std::uint32_t sum[kColumns];  // wraps as the instruction does
      std::memcpy(sum, bytes_[sums][m], sizeof sum);
      for (std::size_t n = 0; n < kColumns; ++n) sum[n] += static_cast<std::uint32_t>(products[n]);
      std::memcpy(bytes_[sums][m], sum, config_.row_bytes[sums]);
    }
  }

  /// TDPBF16PS: even and odd elements are summed separately, then both are added to the sum. Its
  /// multiply-adds round once. So do these: the product of two bfloat16 is exact in a float, unless it is
  /// denormal.
  void dot_bf16(std::size_t sums, std::size_t a, std::size_t b) {
    require_suitable(sums, a, b);
    float of_b[kRows][2][kColumns];
    for (std::size_t k = 0; k < kRows; ++k) {
      const std::uint8_t* row = bytes_[b][k];
      for (std::size_t at = 0; at < 2 * kColumns; ++at) of_b[k][at % 2][at / 2] = bf16_at(row + 2 * at);
    }
    for (std::size_t m = 0; m < config_.rows[sums]; ++m) {
      float of_pairs[2][kColumns] = {};
      for (std::size_t at = 0; at < 2 * kColumns; ++at) {
        const float of_a = bf16_at(bytes_[a][m] + 2 * at);
        float* to = of_pairs[at % 2];
        const float* from = of_b[at / 2][at % 2];
        for (std::size_t n = 0; n < kColumns; ++n) to[n] = flushed(to[n] + flushed(of_a * from[n]));
      }
      float sum[kColumns];
      std::memcpy(sum, bytes_[sums][m], sizeof sum);
      for (std::size_t n = 0; n < kColumns; ++n) {
        sum[n] = flushed(flushed(sum[n]) + flushed(of_pairs[0][n] + of_pairs[1][n]));
      }
      std::memcpy(bytes_[sums][m], sum, config_.row_bytes[sums]);
    }
  }

 private:
  static constexpr std::size_t kTiles = 8;
  static constexpr std::size_t kRows = 16;
  static constexpr std::size_t kRowBytes = 64;
  static constexpr std::size_t kColumns = kRowBytes / 4;  // of sums; what is beyond a tile's own size is zero

  struct Config {
    std::uint8_t palette;
    std::uint8_t start_row;
    std::uint8_t reserved[14];
    std::uint16_t row_bytes[16];
    std::uint8_t rows[16];
  };
  static_assert(sizeof(Config) == 64);

  static void require(bool ok, const char* what) {
    if (ok) return;
    std::fprintf(stderr, "emulated tiles: %s\n", what);
    std::abort();
  }

  void require_configured(std::size_t tile) const {
    require(config_.palette == 1, "configured before use");
    require(tile < kTiles && config_.rows[tile] > 0 && config_.row_bytes[tile] > 0,
            "a tile that is configured");
  }

  void zero_bytes(std::size_t tile) { std::memset(bytes_[tile], 0, sizeof bytes_[tile]); }

  void require_suitable(std::size_t sums, std::size_t a, std::size_t b) const {
    for (const std::size_t tile : {sums, a, b}) require_configured(tile);
    require(sums != a && sums != b && a != b, "three different tiles");
    require(config_.rows[sums] == config_.rows[a], "a row of sums for each row of a");
    require(config_.row_bytes[sums] == config_.row_bytes[b], "a column of sums for each column of b");
    require(config_.row_bytes[a] == 4 * config_.rows[b], "four columns of a for each row of b");
  }

  // Without a branch, so that the compiler vectorizes it.
  static float flushed(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t is_normal = (bits & 0x7f800000U) != 0 ? ~0U : 0U;
    return std::bit_cast<float>(bits & is_normal);
  }

  static float bf16_at(const std::uint8_t* bytes) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes, sizeof half);
    return flushed(std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16));
  }

  Config config_{};
  std::uint8_t bytes_[kTiles][kRows][kRowBytes] = {};
};

inline thread_local Tiles tiles;

}  // namespace cosimo::test

#define COSIMO_TILES_CONFIGURE(config) ::cosimo::test::tiles.configure(&(config))
#define COSIMO_TILES_RELEASE() ::cosimo::test::tiles.release()
#define COSIMO_TILES_SEE_MEMORY() static_cast<void>(0)
#define COSIMO_TILE_ZERO(tile) ::cosimo::test::tiles.zero(tile)
#define COSIMO_TILE_LOAD(tile, memory, stride) ::cosimo::test::tiles.load(tile, memory, stride)
#define COSIMO_TILE_STREAM(tile, memory, stride) COSIMO_TILE_LOAD(tile, memory, stride)
#define COSIMO_TILE_STORE(tile, memory, stride) ::cosimo::test::tiles.store(tile, memory, stride)
#define COSIMO_TILE_DOT(sums, a, b) ::cosimo::test::tiles.dot_bytes<std::int8_t, std::uint8_t>(sums, a, b)
#define COSIMO_TILE_DOT_UNSIGNED(sums, a, b) \
  ::cosimo::test::tiles.dot_bytes<std::uint8_t, std::int8_t>(sums, a, b)
#define COSIMO_TILE_DOT_BF16(sums, a, b) ::cosimo::test::tiles.dot_bf16(sums, a, b)
