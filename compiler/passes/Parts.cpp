//===- Parts.cpp - long sums of few results, for a device -------------------------------------------------------------===//
//
// In: a graph. Out: the same with sums that would keep a handful of a device's processors busy taken in parts, as many as schedule/ asks for.
// The partial sums are values like others: they have a place in the plan, and are always added in the same order.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Parts.h"
#include "compiler/passes/Passes.h"
#include "compiler/schedule/SpaceGpu.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {
struct PartsPass : PassWrapper<PartsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PartsPass)
  StringRef getArgument() const override { return "kiln-parts"; }
  StringRef getDescription() const override { return "take long sums of few results in parts, for a device"; }

  void runOnOperation() override {
    SmallVector<std::pair<Operation *, int64_t>> long_;
    for (auto func : getOperation().getOps<func::FuncOp>())
      func.walk([&](Operation *op) {
        std::optional<SumSizes> sizes = op->use_empty() || dependsOnParametersOnly(op->getResult(0)) ? std::nullopt : sumSizes(op);
        if (int64_t parts = sizes ? wanted(*sizes) : 1; parts > 1)
          long_.emplace_back(op, parts);
      });
    for (auto [op, parts] : long_) {
      OpBuilder ops(op);
      if (Value sum = inParts(ops, op, parts)) {
        op->getResult(0).replaceAllUsesWith(sum);
        op->erase();
      }
    }
  }

  static int64_t wanted(const SumSizes &s) {
    return s.product ? schedule::gpuProductParts(s.batch, s.left, s.right, s.steps, s.along)
                     : schedule::gpuSumParts(s.left, s.steps);
  }
};
} // namespace

std::unique_ptr<Pass> createPartsPass() { return std::make_unique<PartsPass>(); }
} // namespace kiln
