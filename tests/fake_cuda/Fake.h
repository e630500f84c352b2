//===- Fake.h - a CUDA driver without a card -----------------------------------------------------------------------===//
//
// A shared library with the symbols of libcuda.so.1 that kiln's runtime uses (KILN_CUDA_DRIVER names it). Memory is the host's, launches
// run the PTX in an interpreter (tests/ptx). It is as unkind as a driver may be: what is queued on a stream runs only when somebody waits
// for it; nodes of a graph that do not depend on each other run in the wrong order; and every misuse is an error.
//
// The environment, read by kiln_fake_reset:
//   KILN_FAKE_CARDS=1 KILN_FAKE_CAPABILITY=80 KILN_FAKE_VERSION=12040 KILN_FAKE_MEMORY=bytes KILN_FAKE_SHARED=bytes of a block
//   KILN_FAKE_FAIL=cuMemAlloc_v2:2=700   the second call of that name answers 700 (700 to 799 end the card's context; several: separated by commas)
//   KILN_FAKE_CHECKS=0                   no checks of races and poison: faster
//   KILN_FAKE_LOG=file                   the log stands there too, for programs of their own
//   KILN_FAKE_PTX=file                   its kernel is run in the place of the one of that name
//   KILN_FAKE_LIMIT=n                    instructions of threads, after which they are taken to run for ever
//   KILN_FAKE_STATISTICS=1               counts for kiln_fake_statistics
//   KILN_FAKE_SAMPLE=3                   runs three blocks of each launch alone: for counting, answers are wrong
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_FAKE_CUDA_FAKE_H
#define KILN_TESTS_FAKE_CUDA_FAKE_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

void kiln_fake_reset(void);
const char *kiln_fake_log(void); ///< a line for each call since the last reset
const char *kiln_fake_trap(void); ///< what the interpreter stopped at, or ""
int kiln_fake_live(void); ///< things made and not yet destroyed
/// JSON: {"instructions": n, "kernels": {name: {"ld.shared.b32": [accesses, cost, ideal], ...}}, "work": {name: [blocks that ran, and
/// of them all: instructions of warps, multiply-adds of warps, barriers, stretches between barriers that read global memory,
/// sectors of it that a block reads]}}
const char *kiln_fake_statistics(void);
void kiln_fake_forget(uint64_t address, uint64_t bytes); ///< memory becomes as if never written

#ifdef __cplusplus
}
#endif
#endif
