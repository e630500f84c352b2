//===- Product.h - patterns around products that stand in a file of their own ---------------------------------------------===//
#ifndef KILN_OPS_PRODUCT_H
#define KILN_OPS_PRODUCT_H
#include "mlir/IR/PatternMatch.h"

namespace kiln {
/// A scale and a shift by parameters (batch norm) fold into the product's right operand and one shift.
void addScalePatterns(mlir::RewritePatternSet &patterns);
/// What was flattened for a contraction is read as it stood.
void addSplitPatterns(mlir::RewritePatternSet &patterns);
/// A window over an image with holes becomes windows without them.
void addPhasePatterns(mlir::RewritePatternSet &patterns);
} // namespace kiln
#endif
