// Whether tests run slowly, so that they do a fraction of the work.
#pragma once

#include "support/environment.h"

namespace cosimo::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

/// COSIMO_EMULATED=1: an emulator runs this program, some thirty times slower than a CPU.
inline bool is_emulated() { return from_environment("COSIMO_EMULATED", 0) != 0; }

/// Fewer sizes then, but some of every kind.
inline bool is_brief() { return kSanitized || is_emulated(); }

}  // namespace cosimo::test
