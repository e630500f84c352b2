//===- Machine.h - what this machine can do at most, measured now ------------------------------------------------------------===//
//
// Multiply-adds from a loop of assembly that only adds products in registers; bandwidth from reading memory that no cache holds. Both on
// as many threads as a model will run with: a share of the peak compares what ran in one place at one time.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_MACHINE_H
#define KILN_TOOLS_MACHINE_H
#include <cstdint>

namespace kiln::tools {
struct MachinePeak {
  double flops = 0; ///< float32 operations a second; 0 where no loop is known
  double bandwidth = 0; ///< bytes read a second
};
/// `lanes` of float32 in a vector register: 8 or 16.
MachinePeak measurePeak(int64_t lanes, unsigned threads);
} // namespace kiln::tools
#endif
