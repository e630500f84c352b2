//===- Formulas.h - formulas that layers and losses share ------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_FORMULAS_H
#define KILN_FRONTEND_BUILDER_FORMULAS_H
#include "frontend/builder/GraphBuilder.h"

namespace kiln::builder {

/// log(1 + exp(x)) without overflow, and with the right derivatives at 0 too, where max(x, 0) has none:
/// m + log1p(exp(x - m) + expm1(-m)) with m = max(x, 0) held constant.
mlir::Value softplusOf(GraphBuilder &b, mlir::Value x);
/// x - log(sum(exp(x))) along the last dimension.
mlir::Value logSoftmaxOf(GraphBuilder &b, mlir::Value x);
/// sum(|x|^p)^(1/p) of a sum that is there already; where it is 0 so is the derivative.
mlir::Value rootOf(GraphBuilder &b, mlir::Value sum, double power);
mlir::Value powerOf(GraphBuilder &b, mlir::Value x, double power); ///< |x|^p
Shape dimsFrom(int64_t begin, int64_t end);

} // namespace kiln::builder

#endif
