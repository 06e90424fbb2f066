#!/bin/sh
# Builds the C++ tests and the benchmark's program for AArch64 with a cross compiler and runs them under an emulator,
# with all NEON kernels. It shows that they work and nothing about speed.
# Debian: apt-get install g++-aarch64-linux-gnu qemu-user-static. Where a tool is missing it says "skipped" and succeeds.
set -eu
cd "$(dirname "$0")/.."

for tool in aarch64-linux-gnu-g++ qemu-aarch64-static cmake ctest; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "skipped: $tool is not installed"
    exit 0
  fi
done

export COSIMO_EMULATED=1
generator=$(command -v ninja >/dev/null 2>&1 && echo Ninja || echo 'Unix Makefiles')
cmake -S . -B build/neon -G "$generator" \
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_EXE_LINKER_FLAGS=-static \
  '-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64-static;-cpu;max' >/dev/null
cmake --build build/neon --parallel "$(nproc)"
qemu-aarch64-static -cpu max build/neon/tests/search_scores_test | grep '^kernel neon-dotprod$'
# On a CPU without SDOT the kernel that needs it must be missing, and the other must work.
old_cpu=$(qemu-aarch64-static -cpu cortex-a53 build/neon/tests/search_bounds_test)
printf '%s\n' "$old_cpu" | grep '^kernel neon$'
if printf '%s\n' "$old_cpu" | grep '^kernel neon-dotprod$'; then exit 1; fi
# The same for the encoder's kernels.
encoder_kernels=$(qemu-aarch64-static -cpu max build/neon/tests/encoder_rows_test)
for kernel in 'neon, fp32' 'neon-bf16, bf16' 'neon-i8mm, int8' 'scalar, fp32'; do
  printf '%s\n' "$encoder_kernels" | grep "^kernel $kernel\$"
done
old_cpu=$(qemu-aarch64-static -cpu cortex-a53 build/neon/tests/encoder_rows_test)
printf '%s\n' "$old_cpu" | grep '^kernel neon, fp32$'
if printf '%s\n' "$old_cpu" | grep -E '^kernel neon-(bf16|i8mm)'; then exit 1; fi
printf 'round\n' | qemu-aarch64-static -cpu max build/neon/cosimo_bench dot --kernel neon --bytes 65536 --round-s 0.01 |
  grep '"round":{"value":'
# An emulator's threads show nothing of a CPU's order of memory accesses: no stress, no learning beside writes.
ctest --test-dir build/neon --output-on-failure --timeout 300 --exclude-regex 'stress|index_learning' --parallel "$(nproc)"
