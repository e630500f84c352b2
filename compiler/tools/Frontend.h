//===- Frontend.h - a model file, whatever it is, becomes a module -------------------------------------------------------===//
//
// In: a path (.onnx, .mlir), sizes for named dimensions. Out: the module, and where its parameters' bytes are.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_FRONTEND_H
#define KILN_TOOLS_FRONTEND_H
#include "compiler/codegen/Constant.h"
#include "frontend/onnx/Import.h"
#include "mlir/IR/MLIRContext.h"

namespace kiln::tools {

struct Source {
  std::string path;
  std::vector<std::string> dims;    ///< NAME=SIZE
  std::vector<std::string> outputs; ///< further inner values to return
};

struct Loaded {
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::map<std::string, onnx::Bytes> weights;
  std::string hash; ///< SHA-256 of the file
  codegen::ParameterBytes bytes() const;
};

llvm::Expected<Loaded> load(const Source &source);
} // namespace kiln::tools
#endif
