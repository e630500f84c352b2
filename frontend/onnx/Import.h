//===- Import.h - an ONNX model becomes a graph ----------------------------------------------------------------===//
//
// In: a decoded Model, sizes for its named dimensions. Out: a module with `kiln.parameter`s and one function @main whose arguments and
// results carry their names (`kiln.name`), every shape fixed; and the parameters' bytes beside it. Or one message: all nodes that
// cannot be compiled, each with its operator, opset and reason. A node's name is the location of its ops.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_IMPORT_H
#define KILN_FRONTEND_ONNX_IMPORT_H
#include "frontend/WeightedModule.h"
#include "frontend/onnx/Model.h"
#include "frontend/onnx/Result.h"

namespace kiln::onnx {

struct ImportOptions {
  std::map<std::string, int64_t> dims; ///< name of an open dimension -> size
  std::vector<std::string> outputs; ///< inner values to give as results too, after the model's own
  bool training = false; ///< weights of any size are parameters; other parameters carry `kiln.frozen` or `kiln.statistic`
};

using Import = WeightedModule;

/// Loads the dialects that it needs into `context`.
Result<Import> importModel(const Model &model, const ImportOptions &options, mlir::MLIRContext &context);

} // namespace kiln::onnx

#endif
