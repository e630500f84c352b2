//===- Lift.cpp - what every step of a loop would do again is done before it ---------------------------------------------===//
//
// In: functions that kiln.repeat runs, as launches. Out: launches, views and parameters' uses that depend on nothing but what is the same in
// each step (arguments with kiln.fixed) stand before the repeat; what the steps read of them is passed like any other use. So a weight is packed
// once for all steps, and where it is a parameter, hoist takes it further, to @init.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace kiln {
namespace {
struct LiftPass : PassWrapper<LiftPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LiftPass)
  StringRef getArgument() const override { return "kiln-lift"; }
  StringRef getDescription() const override { return "move what is the same in each step before the loop"; }

  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) // inner loops' callers first
      for (auto repeat : llvm::to_vector(func.getOps<RepeatOp>()))
        lift(repeat, getOperation().lookupSymbol<func::FuncOp>(repeat.getBody()));
  }

  void lift(RepeatOp repeat, func::FuncOp body) {
    IRMapping outside; // of what is the same in each step
    for (auto [argument, operand] : llvm::zip(body.getArguments(), repeat.getOperands()))
      if (body.getArgAttr(argument.getArgNumber(), "kiln.fixed"))
        outside.map(argument, operand);
    OpBuilder before(repeat);
    SmallVector<Operation *> lifted;
    for (Operation &op : body.getBody().front())
      if (isa<UseOp, LaunchOp, AlgorithmOpInterface>(op) && !op.hasAttr("part") &&
          llvm::all_of(op.getOperands(), [&](Value v) { return outside.contains(v); })) {
        before.clone(op, outside);
        lifted.push_back(&op);
      }
    auto unit = DictionaryAttr::get(&getContext(), before.getNamedAttr("kiln.fixed", before.getUnitAttr()));
    for (Operation *op : lifted)
      for (Value v : op->getResults())
        if (llvm::any_of(v.getUsers(), [&](Operation *user) { return !llvm::is_contained(lifted, user); })) {
          unsigned index = body.getNumArguments();
          body.insertArgument(index, v.getType(), unit, v.getLoc());
          repeat.getUsesMutable().append(outside.lookup(v));
          v.replaceUsesWithIf(body.getArgument(index), [&](OpOperand &use) { return !llvm::is_contained(lifted, use.getOwner()); });
        }
    for (Operation *op : llvm::reverse(lifted))
      op->erase();
  }
};
} // namespace

std::unique_ptr<Pass> createLiftPass() { return std::make_unique<LiftPass>(); }
} // namespace kiln
