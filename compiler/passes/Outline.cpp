//===- Outline.cpp - the bodies of loops become functions ---------------------------------------------------------------===//
//
// In: @main with loops (LoopOpInterface). Out: kiln.repeat of a function @main_loop0, @main_loop1, ... in the place of each, which the passes
// after this one treat like @main: fused, laid out and planned once for all steps. Inner ones stand first. A loop of one step is that step.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {
struct OutlinePass : PassWrapper<OutlinePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OutlinePass)
  StringRef getArgument() const override { return "kiln-outline"; }
  StringRef getDescription() const override { return "make functions of the bodies of loops"; }

  void runOnOperation() override {
    for (auto func : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      SmallVector<LoopOpInterface> loops;
      func.walk([&](LoopOpInterface loop) { loops.push_back(loop); });
      int count = 0;
      for (LoopOpInterface loop : loops)
        if (loop.stepCount() == 1) {
          OpBuilder ops(loop);
          loop->replaceAllUsesWith(loop.unroll(ops));
          loop->erase();
        } else {
          loop.outline((func.getSymName() + "_loop" + std::to_string(count++)).str());
        }
    }
  }
};
} // namespace

std::unique_ptr<Pass> createOutlinePass() { return std::make_unique<OutlinePass>(); }
} // namespace kiln
