//===- Reverse.h - reverse mode over one block ------------------------------------------------------------------------===//
//
// In: a block, the values to differentiate by, and cotangents of some of its values. Out: cotangents of the former, as new ops. From the
// last op backwards, each op between the two turns the cotangents of its results into those of its operands by its own gradient method;
// a value used twice adds up what it gets. Serves the pass (a function's block) and loops (the block of their body).
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_DIALECT_REVERSE_H
#define KILN_DIALECT_REVERSE_H
#include "compiler/dialect/Kiln.h"
#include "mlir/IR/Builders.h"

namespace kiln {
class Reverse {
public:
  /// Of the ops of `block` before `end` (null: all of them) those count that depend on `by`.
  Reverse(mlir::Block &block, mlir::Operation *end, mlir::ValueRange by);

  /// Float values that depend on the given ones by way of derivatives.
  bool isActive(mlir::Value v) const { return active.contains(v); }
  void seed(mlir::Value y, mlir::Value cotangent, mlir::OpBuilder &ops, mlir::Location location);
  /// Writes at `ops`. A failure has said which op has no derivative.
  mlir::LogicalResult run(mlir::OpBuilder &ops);
  mlir::Value cotangent(mlir::Value x) const { return cotangents.lookup(x); } ///< null: no influence

private:
  bool reached(mlir::Operation *op) const;
  mlir::LogicalResult pass(mlir::Operation *op, mlir::OpBuilder &ops);
  void replace(mlir::Operation *op, mlir::Operation *by);

  mlir::Block &block;
  mlir::Operation *end;
  llvm::DenseSet<mlir::Value> active;
  llvm::DenseMap<mlir::Value, mlir::Value> cotangents;
  llvm::SmallVector<mlir::Operation *> spent; ///< replaced
};
/// "'kiln.sin' (node 'name')".
std::string nameOf(mlir::Operation *op);
} // namespace kiln
#endif
