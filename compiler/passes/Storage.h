//===- Storage.h - which buffer a value's bytes are in -----------------------------------------------------------------===//
//
// In: a function of launches, views and joins. Out: of every value the buffer it is a piece of. A buffer is named by a value: an argument,
// a parameter's use, what a launch writes, or a join. A launch's result belongs to the first join that has it, or a view of all of it, as
// an operand; every other operand of a join must have been written into its place by a launch of its own (Layout sees to that).
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_PASSES_STORAGE_H
#define KILN_PASSES_STORAGE_H
#include "compiler/dialect/Kiln.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace kiln {
/// `size` bytes from byte `start` of a buffer.
struct Piece {
  mlir::Value buffer;
  int64_t start, size;
  bool overlaps(const Piece &o) const { return buffer == o.buffer && start < o.start + o.size && o.start < start + size; }
};

/// The value that `v` is a view of.
Piece viewed(mlir::Value v);
/// Where the operands of a join begin in it, in bytes.
llvm::SmallVector<int64_t> joinStarts(JoinOpInterface join);

class Storage {
public:
  explicit Storage(mlir::func::FuncOp func);
  Piece of(mlir::Value v) const;
  /// Operands of joins that stand elsewhere.
  const llvm::SmallVector<mlir::OpOperand *> &strays() const { return notInPlace; }

private:
  llvm::DenseMap<mlir::Value, Piece> homes; ///< of what is part of a join
  llvm::SmallVector<mlir::OpOperand *> notInPlace;
};
} // namespace kiln
#endif
