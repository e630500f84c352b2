//===- Peak.cpp - multiply-adds per second of one core ----------------------------------------------------------------===//
//
// Written in assembly, since a compiler may well keep a C loop from reaching it.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/tools/Peak.h"
#include <ctime>

namespace kiln::tools {
namespace {
double read(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}
} // namespace

double seconds() { return read(CLOCK_THREAD_CPUTIME_ID); }
double wallSeconds() { return read(CLOCK_MONOTONIC); }

#if defined(__x86_64__)
namespace {
constexpr long rounds = 20000;
#define WIDE(i) "vfmadd231ps %%zmm31, %%zmm30, %%zmm" #i "\n"
#define NARROW(i) "vfmadd231ps %%ymm15, %%ymm14, %%ymm" #i "\n"
#define TWELVE(one) one(0) one(1) one(2) one(3) one(4) one(5) one(6) one(7) one(8) one(9) one(10) one(11)
#define NEXT_TWELVE(one) one(12) one(13) one(14) one(15) one(16) one(17) one(18) one(19) one(20) one(21) one(22) one(23)

__attribute__((target("avx512f"), noinline)) double wide() {
  double start = wallSeconds();
  long left = rounds;
  asm volatile("vpxord %%zmm30, %%zmm30, %%zmm30\nvpxord %%zmm31, %%zmm31, %%zmm31\n1:\n" TWELVE(WIDE)
                   NEXT_TWELVE(WIDE) "dec %0\njnz 1b\nvzeroupper"
               : "+r"(left)
               :
               : "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10", "zmm11", "zmm12", "zmm13",
                 "zmm14", "zmm15", "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm30", "zmm31", "cc");
  return double(rounds) * 24 * 32 / (wallSeconds() - start) / 1e9;
}

__attribute__((target("avx2,fma"), noinline)) double narrow() {
  double start = wallSeconds();
  long left = rounds;
  asm volatile("vpxor %%ymm14, %%ymm14, %%ymm14\nvpxor %%ymm15, %%ymm15, %%ymm15\n1:\n" TWELVE(NARROW)
                   TWELVE(NARROW) "dec %0\njnz 1b\nvzeroupper"
               : "+r"(left)
               :
               : "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7", "ymm8", "ymm9", "ymm10", "ymm11", "ymm14", "ymm15",
                 "cc");
  return double(rounds) * 24 * 16 / (wallSeconds() - start) / 1e9;
}
} // namespace

double peak(int lanes) { return lanes >= 16 ? wide() : narrow(); }
#else
double peak(int) { return 0; }
#endif
} // namespace kiln::tools
