//===- Hoist.cpp - what depends on parameters alone runs once, in the compiler ----------------------------------------===//
//
// In: @main with launches. Out: @init, a function without arguments holding every launch and view whose operands are parameters; its
// results are new parameters @packed0, @packed1, ... that @main uses in their place (folded batch norms, packed weights, masks).
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace kiln {
namespace {
struct HoistPass : PassWrapper<HoistPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(HoistPass)
  StringRef getArgument() const override { return "kiln-hoist"; }
  StringRef getDescription() const override { return "move what depends on parameters alone to @init"; }

  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main)
      return;
    llvm::SetVector<Operation *> constant;
    bool work = false;
    for (Operation &op : main.getBody().front())
      if (!isa<func::ReturnOp, RepeatOp>(op) &&
          !op.hasAttr("part") && // a constant's copy into a join of other values is made each run
          llvm::all_of(op.getOperands(), [&](Value v) { return v.getDefiningOp() && constant.contains(v.getDefiningOp()); })) {
        constant.insert(&op);
        work |= !isa<UseOp>(op);
      }
    if (!work)
      return;
    // Values that cross: made by constant work, used by the rest.
    llvm::SetVector<Value> crossing;
    for (Operation *op : constant)
      if (!isa<UseOp>(op))
        for (Value v : op->getResults())
          if (llvm::any_of(v.getUsers(), [&](Operation *user) { return !constant.contains(user); }))
            crossing.insert(v);
    OpBuilder builder(main);
    SmallVector<Type> types;
    for (Value v : crossing)
      types.push_back(v.getType());
    auto init = builder.create<func::FuncOp>(main.getLoc(), "init", builder.getFunctionType({}, types));
    builder.setInsertionPointToStart(init.addEntryBlock());
    IRMapping mapping;
    for (Operation *op : constant)
      builder.clone(*op, mapping);
    SmallVector<Value> results;
    for (Value v : crossing)
      results.push_back(mapping.lookup(v));
    builder.create<func::ReturnOp>(main.getLoc(), results);
    for (auto [i, v] : llvm::enumerate(crossing)) {
      std::string name = "packed" + std::to_string(i);
      builder.setInsertionPoint(init);
      builder.create<ParameterOp>(v.getLoc(), name, v.getType(), StringAttr());
      builder.setInsertionPoint(v.getDefiningOp());
      Value(v).replaceAllUsesWith(builder.create<UseOp>(v.getLoc(), v.getType(), name));
    }
    for (Operation *op : llvm::reverse(constant))
      if (op->use_empty())
        op->erase();
    for (Operation &op : llvm::make_early_inc_range(init.getBody().front()))
      if (op.use_empty() && isa<UseOp>(op))
        op.erase();
  }
};
} // namespace

std::unique_ptr<Pass> createHoistPass() { return std::make_unique<HoistPass>(); }
} // namespace kiln
