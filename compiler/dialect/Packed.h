//===- Packed.h - weights stored as a device reads them ---------------------------------------------------------------===//
//
// In: a product whose right operand depends on parameters alone. Out: the same of a transposed operand, in which what the result's
// neighbours need lies next to each other: window "ncyx,ocyx->noyx" of w becomes "ncyx,cyxo->noyx" of transpose(w), which is made once.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_DIALECT_PACKED_H
#define KILN_DIALECT_PACKED_H
#include "compiler/dialect/Kiln.h"
#include "mlir/IR/Builders.h"

namespace kiln {
/// Null where the operand is no parameter's, or lies so already.
mlir::Value packedProduct(mlir::OpBuilder &ops, mlir::Operation *op);
} // namespace kiln
#endif
