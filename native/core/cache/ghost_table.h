// The ghosts of S3-FIFO: which keys were evicted lately.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/hash_text.h"

namespace cosimo {

/// Remembers hashes of keys and the order in which they were added. Four ghosts share a set, and the oldest
/// of a full set is replaced, so a ghost may be forgotten early. Two keys of one set with the same upper half
/// of the hash count as one. Both only cost a few hits. One thread at a time.
class GhostTable {
 public:
  /// `sets`: from 1 to 2^32 − 1, each of kWays ghosts. Throws std::bad_alloc.
  explicit GhostTable(std::size_t sets) : sets_(sets), ghosts_(sets * kWays) {}

  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t bytes_of(std::size_t sets) noexcept { return sets * kWays * sizeof(Ghost); }

  void add(std::uint64_t hash) noexcept {
    Ghost* set = set_of(hash);
    Ghost* oldest = set;
    for (Ghost* at = set; at < set + kWays; ++at) {
      if (age(*at) > age(*oldest)) oldest = at;
    }
    *oldest = {fingerprint(hash), ++last_};
  }

  /// Whether the key is among the last `most_age` that were added. Forgets it if so.
  bool take(std::uint64_t hash, std::size_t most_age) noexcept {
    Ghost* set = set_of(hash);
    for (Ghost* at = set; at < set + kWays; ++at) {
      if (at->number != 0 && at->fingerprint == fingerprint(hash) && age(*at) < most_age) {
        *at = {};
        return true;
      }
    }
    return false;
  }

 private:
  struct Ghost {
    std::uint32_t fingerprint = 0;
    std::uint32_t number = 0;  // in the order of adding, from 1; 0: no ghost
  };

  static std::uint32_t fingerprint(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }
  // Wraps around after 2^32 evictions: a ghost that old may seem young.
  std::uint32_t age(const Ghost& ghost) const noexcept { return last_ - ghost.number; }
  Ghost* set_of(std::uint64_t hash) noexcept { return &ghosts_[slot_of_hash(hash, sets_) * kWays]; }

  const std::size_t sets_;
  std::vector<Ghost> ghosts_;
  std::uint32_t last_ = 0;
};

}  // namespace cosimo
