//===- OptimizerWriter.h - an update as ops on flat regions; see Optimizer.h ------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_OPTIMIZERWRITER_H
#define KILN_FRONTEND_BUILDER_OPTIMIZERWRITER_H
#include "frontend/builder/GraphBuilder.h"
#include "frontend/builder/Optimizer.h"

namespace kiln::builder {

struct Update {
  mlir::Value parameters;           ///< f32[P]
  std::vector<mlir::Value> states;  ///< f32[P] each
};

size_t stateCount(const Optimizer &optimizer); ///< a BuildError when there is no such optimizer, or an option is out of its range
/// `gradient` f32[P]; `rate` and `step` f32 of rank 0. The first `decayed` elements are those of parameters with two dimensions and more.
Update writeUpdate(GraphBuilder &b, const Optimizer &optimizer, const Update &old, mlir::Value gradient, mlir::Value rate,
                   mlir::Value step, int64_t decayed);

} // namespace kiln::builder

#endif
