//===- OpenCL.h - a device's kernels as OpenCL C ----------------------------------------------------------------------===//
//
// A check, and no product: the loops and passes that become PTX for a card become OpenCL C here, which another compiler makes parallel code
// for a processor of (tests/fake_cuda runs it in the place of PTX). The text begins with what whoever runs it must know of its arguments:
// `//` and, of each, its bytes and `r` or, where the kernel writes it, `w`.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_OPENCL_H
#define KILN_LOWER_OPENCL_H
#include "compiler/lower/Kernel.h"
#include <Halide.h>

namespace kiln::lower {
/// Says in other words what Halide's OpenCL does not know.
void addOpenCLPasses(Halide::Pipeline &pipeline);
void finishOpenCL(DeviceCode &code, KernelOp kernel);
} // namespace kiln::lower
#endif
