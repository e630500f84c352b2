//===- Cost.h - what ops compute and move ---------------------------------------------------------------------------------===//
//
// In: ops. Out: floating point operations, counted as everyone counts them: two for a multiply-add, one for an element of a map, of a
// reduction's operand, of a pool's window; moves are free. Bytes: what a kernel must read and write at least once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_COST_H
#define KILN_TOOLS_COST_H
#include "compiler/dialect/Kiln.h"

namespace kiln::tools {
int64_t operationsOf(mlir::Operation *op);
int64_t operationsOf(KernelOp kernel);
/// Of everything on the kernel's signature, as it is stored.
int64_t bytesOf(KernelOp kernel);
} // namespace kiln::tools
#endif
