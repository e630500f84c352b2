//===- Concat.h - patterns around joins that stand in a file of their own -------------------------------------------------===//
#ifndef KILN_OPS_CONCAT_H
#define KILN_OPS_CONCAT_H
#include "mlir/IR/PatternMatch.h"

namespace kiln {
/// A map of a join that nobody else reads is a join of maps.
void addMapOfJoin(mlir::RewritePatternSet &patterns, mlir::MLIRContext *context);
} // namespace kiln
#endif
