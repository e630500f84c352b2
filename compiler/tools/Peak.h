//===- Peak.h - multiply-adds per second of one core ------------------------------------------------------------------===//
#ifndef KILN_TOOLS_PEAK_H
#define KILN_TOOLS_PEAK_H

namespace kiln::tools {
/// Processor time of this thread: what a busy machine does not spoil.
double seconds();
/// Time on the wall, for kernels on several threads.
double wallSeconds();
/// GFLOP/s of a loop that only adds products in registers, 16 or 8 lanes wide: what nothing can beat. Takes well under a millisecond.
double peak(int lanes);
} // namespace kiln::tools

#endif
