//===- Pack.cpp - parameters in the order in which a device reads them ------------------------------------------------===//
//
// In: a graph. Out: the same, with products that read a transposed parameter; hoisting has it transposed once, before any call.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Packed.h"
#include "compiler/passes/Passes.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {
struct PackPass : PassWrapper<PackPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PackPass)
  StringRef getArgument() const override { return "kiln-pack"; }
  StringRef getDescription() const override { return "read parameters in the order that suits a device"; }

  void runOnOperation() override {
    SmallVector<Operation *> products;
    getOperation().walk([&](ProductOpInterface op) { products.push_back(op); });
    for (Operation *op : products) {
      OpBuilder ops(op);
      if (Value packed = packedProduct(ops, op)) {
        op->getResult(0).replaceAllUsesWith(packed);
        op->erase();
      }
    }
  }
};
} // namespace

std::unique_ptr<Pass> createPackPass() { return std::make_unique<PackPass>(); }
} // namespace kiln
