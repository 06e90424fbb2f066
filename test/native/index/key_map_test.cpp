// The key map against std::unordered_map.
#include "core/index/key_map.h"

#include <numeric>
#include <unordered_map>
#include <vector>

#include "support/check.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

std::mt19937_64 random_bits;

// Slots like an index's: each has a key, and keeps it when the key leaves the map.
class Slots final : public SlotKeys {
 public:
  std::uint64_t key_of(Slot slot) const noexcept override { return keys_[slot]; }

  Slot take(std::uint64_t key) {
    keys_.push_back(key);
    return static_cast<Slot>(keys_.size() - 1);
  }

 private:
  std::vector<std::uint64_t> keys_;
};

// A map, its slots and a model of it.
struct Twins {
  Slots slots;
  KeyMap map{slots};
  std::unordered_map<std::uint64_t, Slot> model;

  void insert(std::uint64_t key) {
    map.reserve({&key, 1});
    const Slot slot = slots.take(key);
    map.insert(key, slot);
    model.emplace(key, slot);
  }

  bool erase(std::uint64_t key) {
    const std::optional<Slot> slot = map.erase(key);
    const auto found = model.find(key);
    if (found == model.end()) return !slot;
    const bool right = slot == found->second;
    model.erase(found);
    return right;
  }

  bool finds(std::uint64_t key) const {
    const auto found = model.find(key);
    return map.find(key) == (found == model.end() ? std::nullopt : std::optional(found->second));
  }

  bool finds_all() const {
    bool all = map.size() == model.size();
    for (const auto& entry : model) all = all && map.find(entry.first) == entry.second;
    return all;
  }
};

// `key_of` makes keys from small numbers. Keys are inserted and erased at random.
template <typename KeyOf>
void test_it_holds_what_an_unordered_map_holds(KeyOf&& key_of) {
  Twins twins;
  bool ok = true;
  for (int step = 0; step < 60000; ++step) {
    // Grow, shrink, grow again: gaps close around the end of a table, and tables shrink.
    const bool growing = step / 10000 % 2 == 0;
    const std::uint64_t key = key_of(random_bits() % 4000);
    const std::uint64_t choice = random_bits() % 10;
    if (choice < (growing ? 6U : 2U)) {
      if (!twins.model.contains(key)) twins.insert(key);
    } else if (choice < 8) {
      ok = ok && twins.erase(key);
    } else if (choice == 8 && twins.model.contains(key)) {
      twins.model[key] = twins.slots.take(key);
      twins.map.assign(key, twins.model[key]);
    }
    ok = ok && twins.finds(key) && twins.finds(key_of(random_bits() % 4000));
    if (step % 5000 == 0) ok = ok && twins.finds_all();
    if (step % 2000 == 0) twins.map.shrink_some();
  }
  CHECK(ok);
  CHECK(twins.finds_all());
}

std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t result = odd;
  for (int i = 0; i < 6; ++i) result *= 2 - odd * result;
  return result;
}

// Keys of one part of the map with the same tag. They come from inverting the map's hash for hashes that
// differ only in the bits that the map doesn't keep. If the map's hash changes, these are ordinary keys.
std::uint64_t colliding_key(std::uint64_t number) {
  std::uint64_t mixed = 0x1234567800005a00U | (number & 255) | (number >> 8 << 16);
  mixed *= inverse(0xbf58476d1ce4e5b9U);
  mixed = mixed ^ (mixed >> 29) ^ (mixed >> 58);
  return mixed * inverse(0x9e3779b97f4a7c15U);
}

void test_reserved_insertions_have_room() {
  constexpr std::size_t kKeys = kSanitized ? 100'000 : 1'000'000;
  Slots slots;
  KeyMap map(slots);
  CHECK(map.memory_bytes() == 0 && !map.find(1) && !map.erase(1));
  std::vector<std::uint64_t> keys;
  bool bounded = true;
  for (std::size_t count = 0; count < kKeys; count += keys.size()) {
    keys.resize(std::min<std::size_t>(1 + random_bits() % 5000, kKeys - count));
    std::iota(keys.begin(), keys.end(), count);
    map.reserve(keys);
    const std::size_t reserved = map.memory_bytes();
    for (const std::uint64_t key : keys) map.insert(key, slots.take(key));
    bounded = bounded && map.memory_bytes() == reserved;
  }
  CHECK(bounded);
  CHECK(map.size() == kKeys);
  CHECK(map.memory_bytes() >= kKeys * 8 && map.memory_bytes() <= kKeys * 15);
  bool found = true;
  for (std::uint64_t key = 0; key < kKeys; ++key) found = found && map.find(key) == static_cast<Slot>(key);
  CHECK(found && !map.find(kKeys));
}

void test_room_of_erased_keys_is_freed() {
  Slots slots;
  KeyMap map(slots);
  std::vector<std::uint64_t> keys(50'000);
  std::iota(keys.begin(), keys.end(), 0);
  map.reserve(keys);
  for (const std::uint64_t key : keys) map.insert(key, slots.take(key));
  CHECK(!map.shrink_some());
  for (std::uint64_t key = 1000; key < keys.size(); ++key) map.erase(key);
  while (map.shrink_some()) {
  }
  CHECK(map.memory_bytes() <= 256 * 8 * 12);
  bool found = true;
  for (std::uint64_t key = 0; key < 1000; ++key) found = found && map.find(key) == static_cast<Slot>(key);
  CHECK(found && map.size() == 1000);
  for (std::uint64_t key = 0; key < 1000; ++key) map.erase(key);
  while (map.shrink_some()) {
  }
  CHECK(map.memory_bytes() == 0 && !map.find(3));
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  test_it_holds_what_an_unordered_map_holds([](std::uint64_t number) { return number; });
  test_it_holds_what_an_unordered_map_holds([](std::uint64_t number) { return number * 0x100000001b3U; });
  test_it_holds_what_an_unordered_map_holds([](std::uint64_t number) { return colliding_key(number % 300); });
  test_reserved_insertions_have_room();
  test_room_of_erased_keys_is_freed();
  return finish();
}
