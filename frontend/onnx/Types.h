//===- Types.h - element types of ONNX and of the graph, and tensors as constants ------------------------------===//
#ifndef KILN_FRONTEND_ONNX_TYPES_H
#define KILN_FRONTEND_ONNX_TYPES_H
#include "frontend/onnx/Model.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace kiln::onnx {

/// Signed integers are signless in the graph. Null for what the graph has no type for: strings, complex, 8-bit floats, 4-bit integers.
mlir::Type elementType(DataType type, mlir::MLIRContext *context);
/// elementType, or a BuildError that begins with `what`.
mlir::Type requiredType(DataType type, const std::string &what, mlir::MLIRContext *context);

mlir::DenseElementsAttr constantOf(const Tensor &tensor, mlir::Type element);
Bytes bytesOf(mlir::DenseElementsAttr constant); ///< dense, one byte per i1

} // namespace kiln::onnx

#endif
