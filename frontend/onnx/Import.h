//===- Import.h - an ONNX model becomes a graph ----------------------------------------------------------------===//
//
// In: a decoded Model, sizes for its named dimensions. Out: a module with `kiln.parameter`s and one function @main whose arguments and
// results carry their names (`kiln.name`), every shape fixed; and the parameters' bytes beside it. Or one message: all nodes that
// cannot be compiled, each with its operator, opset and reason. A node's name is the location of its ops.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_IMPORT_H
#define KILN_FRONTEND_ONNX_IMPORT_H
#include "frontend/onnx/Model.h"
#include "frontend/onnx/Result.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace kiln::onnx {

struct ImportOptions {
  std::map<std::string, int64_t> dims; ///< name of an open dimension -> size
  std::vector<std::string> outputs; ///< inner values to give as results too, after the model's own
};

struct Import {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::map<std::string, Bytes> weights; ///< by the name of the kiln.parameter: dense, little-endian, one byte per i1
};

/// Loads the dialects that it needs into `context`.
Result<Import> importModel(const Model &model, const ImportOptions &options, mlir::MLIRContext &context);

} // namespace kiln::onnx

#endif
