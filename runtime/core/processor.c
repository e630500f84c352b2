/* Does this processor, and the system on it, have every instruction set the model was compiled for? Asked once, before any of its
 * code runs, so that the answer is a status and never SIGILL. */
#include "runtime/core/context.h"
#include <stdio.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

static uint32_t system_state(void) { /* XCR0: the registers that the system saves */
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static uint64_t features(void) {
  uint32_t a, b = 0, c, d, b7 = 0;
  uint64_t found = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  __get_cpuid_count(7, 0, &a, &b7, &(uint32_t){0}, &d);
  uint32_t state = c & bit_OSXSAVE ? system_state() : 0;
  bool ymm = (state & 0x06) == 0x06, zmm = (state & 0xe6) == 0xe6;
  const struct {
    uint64_t feature;
    bool there;
  } checks[] = {
      {KILN_CPU_SSE41, c & bit_SSE4_1},
      {KILN_CPU_AVX, ymm && (c & bit_AVX)},
      {KILN_CPU_AVX2, ymm && (b7 & bit_AVX2)},
      {KILN_CPU_FMA, ymm && (c & bit_FMA)},
      {KILN_CPU_F16C, ymm && (c & bit_F16C)},
      {KILN_CPU_AVX512F, zmm && (b7 & bit_AVX512F)},
      {KILN_CPU_AVX512BW, zmm && (b7 & bit_AVX512BW)},
      {KILN_CPU_AVX512DQ, zmm && (b7 & bit_AVX512DQ)},
      {KILN_CPU_AVX512VL, zmm && (b7 & bit_AVX512VL)},
      {KILN_CPU_AVX512CD, zmm && (b7 & bit_AVX512CD)},
  };
  for (size_t i = 0; i < sizeof checks / sizeof *checks; ++i)
    found |= checks[i].there ? checks[i].feature : 0;
  return found;
}
#else
/* Elsewhere every KILN_CPU_* bit is of a foreign processor; models for aarch64 need its baseline only and set none. */
static uint64_t features(void) { return 0; }
#endif

static const char *const names[] = {"sse4.1",  "avx",      "avx2",     "fma",      "f16c",
                                    "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"};

kiln_status kiln_check_processor(kiln_context *context) {
  uint64_t needed = context->model->cpu, missing = needed ? needed & ~features() : 0;
  if (missing == 0)
    return KILN_OK;
  char list[200] = "";
  int used = 0;
  for (unsigned i = 0; i < 64 && used < (int)sizeof list - 24; ++i)
    if (missing >> i & 1)
      used += i < sizeof names / sizeof *names ? snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", names[i])
                                               : snprintf(list + used, sizeof list - used, "%sfeature %u", used ? ", " : "", i);
  return kiln_fail(context, KILN_UNSUPPORTED_CPU, "compiled for instructions that this processor lacks: %s", list);
}
