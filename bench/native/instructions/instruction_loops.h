// Macros for the loops of single instructions. Operands are zero: some CPUs draw less power on zeros, and so
// clock higher, but no value can slow one down (denormals do).
#pragma once

#define COSIMO_REPEAT_12(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
// At least latency × instructions a cycle: four cycles × two for a YMM, four × four for a wide Arm
// core.
#define COSIMO_REPEAT_24(X) \
  COSIMO_REPEAT_12(X) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
