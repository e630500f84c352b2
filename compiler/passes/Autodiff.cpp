//===- Autodiff.cpp - kiln.gradient becomes the ops that compute it ---------------------------------------------------===//
//
// In: functions with kiln.gradient and kiln.detach. Out: none of them. Reverse mode from y backwards (dialect/Reverse.h), each op by its own
// gradient method:
//
//   %y = kiln.sin %x                       %y = kiln.sin %x
//   %g = kiln.gradient %y wrt (%x)   ->    %0 = kiln.cos %x          (times a cotangent of one)
//
// Gradients are expanded first to last, so that one may go through what another became: that is how higher derivatives are made.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Reverse.h"
#include "compiler/dialect/Term.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace kiln {
namespace {
class Expansion {
public:
  explicit Expansion(GradientOp op) : op(op), ops(op) {}

  LogicalResult run() {
    Reverse reverse(*op->getBlock(), op, op.getX());
    Location start = op.getY().getLoc();
    auto y = cast<RankedTensorType>(op.getY().getType());
    reverse.seed(op.getY(), splat({ops, start}, y.getElementType(), y.getShape(), 1).value, ops, start);
    if (failed(reverse.run(ops)))
      return failure();
    SmallVector<Value> results;
    for (Value x : op.getX()) {
      if (!reverse.cotangent(x))
        return complain(x);
      results.push_back(reverse.cotangent(x));
    }
    op.replaceAllUsesWith(results);
    op.erase();
    return success();
  }

private:
  // No derivative arrives at x. Say which ops took it away.
  LogicalResult complain(Value x) {
    llvm::SetVector<Value> depends, needed;
    depends.insert(x);
    for (Operation &other : *op->getBlock())
      if (llvm::any_of(other.getOperands(), [&](Value v) { return depends.contains(v); }))
        depends.insert(other.result_begin(), other.result_end());
    std::string stoppers;
    needed.insert(op.getY());
    for (size_t i = 0; i < needed.size(); ++i)
      if (Operation *other = needed[i].getDefiningOp()) {
        if (other->hasTrait<NotDifferentiable>() && depends.contains(needed[i]))
          stoppers += (stoppers.empty() ? "" : ", ") + nameOf(other);
        needed.insert(other->operand_begin(), other->operand_end());
      }
    unsigned i = std::distance(op.getX().begin(), llvm::find(op.getX(), x));
    if (stoppers.empty())
      return op.emitError("value ") << i << " to differentiate by has no influence on the result";
    return op.emitError("no derivative reaches value ")
           << i << " to differentiate by: on the way are " << stoppers << ", whose results do not change with small changes";
  }

  GradientOp op;
  OpBuilder ops;
};

struct AutodiffPass : PassWrapper<AutodiffPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AutodiffPass)
  StringRef getArgument() const override { return "kiln-autodiff"; }
  StringRef getDescription() const override { return "expand kiln.gradient in reverse mode"; }
  void runOnOperation() override {
    SmallVector<GradientOp> gradients;
    getOperation().walk([&](GradientOp op) { gradients.push_back(op); });
    for (GradientOp op : gradients)
      if (failed(Expansion(op).run()))
        return signalPassFailure();
    SmallVector<DetachOp> detached;
    getOperation().walk([&](DetachOp op) { detached.push_back(op); });
    for (DetachOp op : detached) {
      op.replaceAllUsesWith(op.getX());
      op.erase();
    }
  }
};
} // namespace

std::unique_ptr<Pass> createAutodiffPass() { return std::make_unique<AutodiffPass>(); }
} // namespace kiln
