// A small number for every thread that asks for one.
#pragma once

#include <cstddef>

namespace cosimo {

/// How many threads can have a number at once.
inline constexpr std::size_t kNumberedThreads = 64;

/// The number of the calling thread: below kNumberedThreads, unique in the process until the thread ends,
/// then given to another. kNumberedThreads when none is left. A thread's first call takes a mutex, later ones
/// read a thread-local word. Everything a thread did happens before what the next owner of its number does.
std::size_t thread_number() noexcept;

}  // namespace cosimo
