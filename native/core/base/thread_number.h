// A small number for every thread that asks for one.
#pragma once

#include <cstddef>

namespace cosimo {

/// Threads that can have a number at once.
inline constexpr std::size_t kNumberedThreads = 64;

/// The number of the calling thread, below kNumberedThreads, its own until it ends; or kNumberedThreads when
/// none is left. Process-wide. The first call of a thread takes a mutex, the others read a thread-local word.
/// What a thread did before it ended happens before whatever the next owner of its number does.
std::size_t thread_number() noexcept;

}  // namespace cosimo
