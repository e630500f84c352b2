//===- Logits.h - what stands behind the activation that ends a graph ------------------------------------------===//
//
// In: a value. Out: the operand of the softmax (along the last dimension), sigmoid or step that made it, or null. It is found by the ops, so it
// makes no difference whether the builder wrote them or the ONNX importer.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_LOGITS_H
#define KILN_FRONTEND_BUILDER_LOGITS_H
#include "compiler/dialect/Kiln.h"

namespace kiln::builder {

mlir::Value behindSoftmax(mlir::Value y);
mlir::Value behindSigmoid(mlir::Value y);
mlir::Value behindStep(mlir::Value y);

} // namespace kiln::builder

#endif
