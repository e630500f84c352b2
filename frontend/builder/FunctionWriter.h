//===- FunctionWriter.h - a module with one function @main whose inputs and results have names -----------------===//
#ifndef KILN_FRONTEND_BUILDER_FUNCTIONWRITER_H
#define KILN_FRONTEND_BUILDER_FUNCTIONWRITER_H
#include "frontend/builder/GraphBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace kiln::builder {

class FunctionWriter {
public:
  /// Loads the dialects that it needs into `context`.
  explicit FunctionWriter(mlir::MLIRContext &context);

  /// Names must differ: a BuildError otherwise.
  mlir::Value input(const std::string &name, mlir::Type element, Sizes shape);
  /// kiln.parameter and its kiln.use. A statistic (Marks.h) is none that gradients change.
  mlir::Value parameter(const std::string &name, mlir::RankedTensorType type, bool statistic = false);
  /// `tied`: it is the new value of the input of the same name, and may be written over it.
  void result(const std::string &name, mlir::Value value, bool tied = false);
  /// Verified; nothing can be added afterwards. A BuildError is a fault of ours, with what the verifier says.
  mlir::OwningOpRef<mlir::ModuleOp> finish();

private:
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;

public:
  mlir::OpBuilder ops; ///< at the function's end
  GraphBuilder b;

private:
  llvm::SmallVector<mlir::Value> results;
  llvm::SmallVector<mlir::DictionaryAttr> attributes;
};

} // namespace kiln::builder

#endif
