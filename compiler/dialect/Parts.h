//===- Parts.h - a long sum of few results, taken in parts -----------------------------------------------------------===//
//
// In: an op that sums. Out: how much it sums, and ops for the same value by way of partial sums, which are results of their own:
//
//   contract %a, %b "mk,kn->mn"  ->  reduce add dims [0] of (contract (reshape %a), (reshape %b) "msk,skn->smn")
//   reduce %x dims [0, 1, 2]     ->  reduce (reduce %x dims [1, 2]) dims [0]
//
// A device with many processors makes few results slowly: each would be one block's, which walks the whole sum.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_DIALECT_PARTS_H
#define KILN_DIALECT_PARTS_H
#include "compiler/dialect/Kiln.h"
#include "mlir/IR/Builders.h"

namespace kiln {
/// What one sum is like. Left and right: the results that differ in one factor of a product alone; another sum has one at the right.
struct SumSizes {
  int64_t batch = 1, left = 1, right = 1, steps = 1;
  bool product = false;
  bool along = false; ///< neighbouring steps, not neighbouring results, are next to each other in memory
};
/// What a sum carries that is to be taken in so many parts (1: whole), and a partial sum that has been.
constexpr const char *partsAttribute = "kiln.parts";
/// None: no sum that can be taken in parts.
std::optional<SumSizes> sumSizes(mlir::Operation *op);
/// The value from about `parts` partial sums each, no more; null where none of its dimensions divides so.
mlir::Value inParts(mlir::OpBuilder &ops, mlir::Operation *op, int64_t parts);
} // namespace kiln
#endif
