//===- Parts.cpp - long sums of few results, for a device -------------------------------------------------------------===//
//
// In: a graph. Out: the same with sums that would keep a handful of a device's processors busy taken in parts, as many as schedule/ asks for.
// The partial sums are values like others: they have a place in the plan, and are always added in the same order. An op that says itself how
// many parts it wants (`kiln.parts = 8 : i64`) gets as many, or the next fewer that divide it; what has been cut says the number on the
// partial sum, and its kernel's schedule does (`parts=8`).
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
        Attribute given = op->getAttr(partsAttribute);
        bool isRun = op->getNumResults() == 1 && !op->use_empty() && !dependsOnParametersOnly(op->getResult(0));
        std::optional<SumSizes> sizes = isRun ? sumSizes(op) : std::nullopt;
        if (given && !check(op, given, sizes.has_value()))
          return signalPassFailure();
        if (int64_t parts = given ? cast<IntegerAttr>(given).getInt() : sizes ? wanted(*sizes) : 1; parts > 1)
          long_.emplace_back(op, parts);
      });
    for (auto [op, parts] : long_)
      cut(op, parts);
  }

  void cut(Operation *op, int64_t parts) {
    OpBuilder ops(op);
    Value sum = inParts(ops, op, parts);
    if (!sum) {
      if (op->hasAttr(partsAttribute)) {
        op->emitError(partsAttribute) << " = " << parts << ": none of its dimensions divides so";
        signalPassFailure();
      }
      return;
    }
    Operation *partial = sum.getDefiningOp()->getOperand(0).getDefiningOp();
    auto elements = [](Value v) { return cast<RankedTensorType>(v.getType()).getNumElements(); };
    partial->setAttr(partsAttribute, ops.getI64IntegerAttr(elements(partial->getResult(0)) / elements(sum)));
    op->getResult(0).replaceAllUsesWith(sum);
    op->erase();
  }

  static bool check(Operation *op, Attribute given, bool sums) {
    auto number = dyn_cast<IntegerAttr>(given);
    if (number && number.getInt() >= 1 && sums)
      return true;
    op->emitError(partsAttribute) << ": expected 1 or more parts of a sum, found " << given << " on "
                                  << (sums ? "one" : "what is none that runs each time");
    return false;
  }

  static int64_t wanted(const SumSizes &s) {
    return s.product ? schedule::gpuProductParts(s.batch, s.left, s.right, s.steps, s.along)
                     : schedule::gpuSumParts(s.left, s.steps);
  }
};
} // namespace

std::unique_ptr<Pass> createPartsPass() { return std::make_unique<PartsPass>(); }
} // namespace kiln
