// The macros of kernels/amx_tiles.h in plain memory, as Intel's manual describes the instructions, so that
// amx.cpp can be tested without AMX. They end the process where the instructions would fault: unless
// configured, or by a tile of unsuitable size. amx.cpp compiled with these gets other names, to be linked
// beside the real one.
#pragma once

#define amx emulated_amx
#define kAmxKernel kEmulatedAmxKernel

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

  /// TDPBSUD.
  void dot(std::size_t sums, std::size_t a, std::size_t b) {
    for (const std::size_t tile : {sums, a, b}) require_configured(tile);
    require(sums != a && sums != b && a != b, "three different tiles");
    require(config_.rows[sums] == config_.rows[a], "a row of sums for each row of a");
    require(config_.row_bytes[sums] == config_.row_bytes[b], "a column of sums for each column of b");
    require(config_.row_bytes[a] == 4 * config_.rows[b], "four columns of a for each row of b");
    for (std::size_t m = 0; m < config_.rows[sums]; ++m) {
      for (std::size_t n = 0; n < config_.row_bytes[sums] / 4U; ++n) add_products(sums, a, b, m, n);
    }
  }

 private:
  static constexpr std::size_t kTiles = 8;
  static constexpr std::size_t kRows = 16;
  static constexpr std::size_t kRowBytes = 64;

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

  void add_products(std::size_t sums, std::size_t a, std::size_t b, std::size_t m, std::size_t n) {
    std::uint32_t sum = 0;  // wraps as the instruction does
    std::memcpy(&sum, &bytes_[sums][m][4 * n], sizeof sum);
    for (std::size_t k = 0; k < config_.rows[b]; ++k) {
      for (std::size_t i = 0; i < 4; ++i) {
        const auto signed_byte = static_cast<std::int8_t>(bytes_[a][m][4 * k + i]);
        const std::uint8_t unsigned_byte = bytes_[b][k][4 * n + i];
        sum += static_cast<std::uint32_t>(static_cast<std::int32_t>(signed_byte) * unsigned_byte);
      }
    }
    std::memcpy(&bytes_[sums][m][4 * n], &sum, sizeof sum);
  }

  Config config_{};
  std::uint8_t bytes_[kTiles][kRows][kRowBytes] = {};
};

inline thread_local Tiles tiles;

}  // namespace cosimo::test

#define COSIMO_TILES_CONFIGURE(config) ::cosimo::test::tiles.configure(&(config))
#define COSIMO_TILES_RELEASE() ::cosimo::test::tiles.release()
#define COSIMO_TILE_ZERO(tile) ::cosimo::test::tiles.zero(tile)
#define COSIMO_TILE_LOAD(tile, memory, stride) ::cosimo::test::tiles.load(tile, memory, stride)
#define COSIMO_TILE_STORE(tile, memory, stride) ::cosimo::test::tiles.store(tile, memory, stride)
#define COSIMO_TILE_DOT(sums, a, b) ::cosimo::test::tiles.dot(sums, a, b)
