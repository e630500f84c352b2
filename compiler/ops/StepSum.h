//===- StepSum.h - the sum over a scan's steps, taken outside of it ---------------------------------------------------===//
//
// In: a value of a scan's body. Out: the sum of what it is in all steps, as ops outside over values that the scan stacks:
//
//   sum over t of contract %h_t, %g_t "bu,bv->uv"   =   contract %h, %g "tbu,tbv->uv"      (h, g stacked: one large product)
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_OPS_STEPSUM_H
#define KILN_OPS_STEPSUM_H
#include "compiler/dialect/Term.h"
#include "llvm/ADT/SetVector.h"

namespace kiln {
struct StepSum {
  /// What an argument of the body stands for when it is the same in every step, else null.
  std::function<mlir::Value(mlir::Value)> sameEachStep;

  /// True where there is such a sum; what must be stacked for it is added to `stacked`.
  bool splits(mlir::Value v, llvm::SetVector<mlir::Value> &stacked) const;
  Term write(mlir::Value v, const llvm::DenseMap<mlir::Value, mlir::Value> &stacks, const Site &site) const;
};
} // namespace kiln
#endif
