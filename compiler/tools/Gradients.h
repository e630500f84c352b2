//===- Gradients.h - a model that also gives its derivatives -------------------------------------------------------------===//
#ifndef KILN_TOOLS_GRADIENTS_H
#define KILN_TOOLS_GRADIENTS_H
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace kiln::tools {
/// Adds to @main one result `grad.NAME` for each of `names`, inputs or parameters: d sum(first result) / d NAME, in NAME's shape.
llvm::Error addGradients(mlir::ModuleOp module, const std::vector<std::string> &names);
} // namespace kiln::tools
#endif
