//===- Frontend.h - a model file, whatever it is, becomes a module -------------------------------------------------------===//
//
// In: a path (.onnx, .mlir, a checkpoint's .safetensors) or zoo:NAME, sizes for named dimensions. Out: the module, and where its parameters'
// bytes are.
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
  std::vector<std::string> dims; ///< NAME=SIZE
  std::vector<std::string> outputs; ///< further inner values to return
  bool training = false; ///< of ONNX: what is to be trained stays a parameter
};

struct Context {
  std::unique_ptr<mlir::MLIRContext> context;
};
struct Loaded : Context, WeightedModule { ///< the context outlives the module
  std::string hash; ///< SHA-256 of the file
  codegen::ParameterBytes bytes() const;
};

llvm::Expected<Loaded> load(const Source &source);
} // namespace kiln::tools
#endif
