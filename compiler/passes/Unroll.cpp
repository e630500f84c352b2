//===- Unroll.cpp - loops become their steps ----------------------------------------------------------------------------===//
//
// In: a graph that may hold loops (LoopOpInterface). Out: none, each is its steps one after another. A step is made of the same ops as any
// other, on other values: fusion finds the same kernels in each, and merge leaves one of each.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {
struct UnrollPass : PassWrapper<UnrollPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(UnrollPass)
  StringRef getArgument() const override { return "kiln-unroll"; }
  StringRef getDescription() const override { return "write the steps of loops one after another"; }

  void runOnOperation() override {
    SmallVector<LoopOpInterface> loops;
    getOperation().walk([&](LoopOpInterface loop) { loops.push_back(loop); }); // inner ones first
    for (LoopOpInterface loop : loops) {
      OpBuilder ops(loop);
      loop->replaceAllUsesWith(loop.unroll(ops));
      loop->erase();
    }
  }
};
} // namespace

std::unique_ptr<Pass> createUnrollPass() { return std::make_unique<UnrollPass>(); }
} // namespace kiln
