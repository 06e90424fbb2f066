// Pieces of memory: aligned, apart from each other, and given back to the system.
#include "core/base/slab_allocator.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "support/check.h"
#include "support/process_memory.h"
#include "support/sanitizer.h"

namespace cosimo::test {
namespace {

std::mt19937_64 random_bits;

void test_pieces_are_apart() {
  for (const std::size_t bytes : {1, 4096, 5000, 300'000, 2 << 20}) {
    SlabAllocator allocator(bytes);
    CHECK(allocator.piece_bytes() >= bytes && allocator.piece_bytes() % SlabAllocator::kPieceAlignment == 0);
    std::vector<unsigned char*> pieces;
    bool ok = true;
    for (int i = 0; i < 100; ++i) {
      pieces.push_back(static_cast<unsigned char*>(allocator.take()));
      ok = ok && reinterpret_cast<std::uintptr_t>(pieces.back()) % SlabAllocator::kPieceAlignment == 0;
      // Each piece has its number in its first and last bytes.
      std::memcpy(pieces.back(), &i, 1);
      std::memcpy(pieces.back() + allocator.piece_bytes() - 1, &i, 1);
    }
    for (int i = 0; i < 100; ++i) ok = ok && pieces[i][0] == i && pieces[i][allocator.piece_bytes() - 1] == i;
    CHECK(ok);
    std::sort(pieces.begin(), pieces.end());
    for (std::size_t i = 1; i < pieces.size(); ++i)
      ok = ok && pieces[i] >= pieces[i - 1] + allocator.piece_bytes();
    CHECK(ok && allocator.taken() == 100);
    for (unsigned char* piece : pieces) allocator.give_back(piece);
    CHECK(allocator.taken() == 0);
  }
}

void test_a_piece_given_back_is_taken_again() {
  SlabAllocator allocator(4096);
  std::set<void*> seen;
  for (int round = 0; round < 50; ++round) {
    void* pieces[10];
    for (void*& piece : pieces) seen.insert(piece = allocator.take());
    for (void* piece : pieces) allocator.give_back(piece);
  }
  CHECK(seen.size() <= 20);
}

#if defined(__linux__)
// Memory goes back while the allocator still lives.
void test_memory_of_free_pieces_goes_back_to_the_system() {
  constexpr std::size_t kPieces = 40;
  SlabAllocator allocator(2'000'000);
  std::vector<void*> pieces(kPieces);
  for (void*& piece : pieces) {
    piece = allocator.take();
    std::memset(piece, 1, allocator.piece_bytes());
  }
  const std::size_t before = process_memory().resident_bytes;
  for (void* piece : pieces) allocator.give_back(piece);
  CHECK(process_memory().resident_bytes + kPieces * 1'900'000 < before);
}
#endif

void test_no_two_threads_have_the_same_piece() {
  SlabAllocator allocator(4096);
  std::atomic<int> faults{0};
  std::vector<std::thread> threads;
  for (unsigned char number = 0; number < 3; ++number) {
    threads.emplace_back([&, number, seed = random_bits()] {
      std::mt19937_64 own_bits(seed);
      std::vector<unsigned char*> pieces;
      for (int step = 0; step < 5000; ++step) {
        if (pieces.size() < 20 && own_bits() % 2 == 0) {
          pieces.push_back(static_cast<unsigned char*>(allocator.take()));
          pieces.back()[100] = number;
        } else if (!pieces.empty()) {
          if (pieces.back()[100] != number) ++faults;
          allocator.give_back(pieces.back());
          pieces.pop_back();
        }
      }
      for (unsigned char* piece : pieces) allocator.give_back(piece);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(faults == 0 && allocator.taken() == 0);
}

}  // namespace
}  // namespace cosimo::test

int main() {
  using namespace cosimo::test;
  random_bits = seeded_random();
  test_pieces_are_apart();
  test_a_piece_given_back_is_taken_again();
#if defined(__linux__)
  if (!kSanitized) test_memory_of_free_pieces_goes_back_to_the_system();
#endif
  test_no_two_threads_have_the_same_piece();
  return finish();
}
