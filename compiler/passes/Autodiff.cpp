//===- Autodiff.cpp - kiln.gradient becomes the ops that compute it ---------------------------------------------------===//
//
// In: functions with kiln.gradient and kiln.detach. Out: none of them. Reverse mode: from y backwards, each op that lies between x and y
// turns the cotangent of its result into those of its operands by its own gradient method; a value used twice adds up what it gets.
//
//   %y = kiln.sin %x                       %y = kiln.sin %x
//   %g = kiln.gradient %y wrt (%x)   ->    %0 = kiln.cos %x          (times a cotangent of one)
//
// Gradients are expanded first to last, so that one may go through what another became: that is how higher derivatives are made.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/dialect/Term.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace kiln {
namespace {
bool isFloat(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && isa<FloatType>(type.getElementType());
}
std::string nameOf(Operation *op) {
  std::string text = "'" + op->getName().getStringRef().str() + "'";
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    text += " (node '" + name.getName().str() + "')";
  return text;
}

class Expansion {
public:
  explicit Expansion(GradientOp op) : op(op), ops(op) {}

  LogicalResult run() {
    findActive();
    Operation *from = op.getY().getDefiningOp();
    SmallVector<Operation *> path;
    if (from)
      for (Operation &other : llvm::make_range(op->getBlock()->begin(), std::next(from->getIterator())))
        if (reached(&other))
          path.push_back(&other);
    Site start{ops, op.getY().getLoc()};
    auto y = cast<RankedTensorType>(op.getY().getType());
    cotangents[op.getY()] = splat(start, y.getElementType(), y.getShape(), 1).value;
    for (Operation *other : llvm::reverse(path))
      if (failed(pass(other)))
        return failure();
    SmallVector<Value> results;
    for (Value x : op.getX()) {
      if (!cotangents.lookup(x))
        return complain(x);
      results.push_back(cotangents.lookup(x));
    }
    op.replaceAllUsesWith(results);
    op.erase();
    return success();
  }

private:
  /// Float values that depend on an x by way of derivatives.
  void findActive() {
    active.insert(op.getX().begin(), op.getX().end());
    for (Operation &other : *op->getBlock()) {
      if (&other == op.getOperation())
        break;
      if (!other.hasTrait<NotDifferentiable>() && reached(&other))
        for (Value v : other.getResults())
          if (isFloat(v))
            active.insert(v);
    }
  }
  bool reached(Operation *other) const {
    return llvm::any_of(other->getOperands(), [&](Value v) { return active.contains(v); });
  }

  LogicalResult pass(Operation *other) {
    if (other->hasTrait<NotDifferentiable>() || other->getNumResults() != 1)
      return other->hasTrait<NotDifferentiable>() || !isNeeded(other) ? success() : stop(other);
    Value cotangent = cotangents.lookup(other->getResult(0));
    if (!cotangent)
      return success();
    auto differentiable = dyn_cast<DifferentiableOpInterface>(other);
    if (!differentiable)
      return stop(other);
    Gradient gradient(other, cotangent, Site{ops, other->getLoc()});
    differentiable.gradient(gradient);
    for (auto [i, v] : llvm::enumerate(other->getOperands()))
      if (Value g = gradient.get(i); g && active.contains(v)) {
        Value &sum = cotangents[v];
        sum = sum ? (Term{sum, &gradient.where()} + Term{g, &gradient.where()}).value : g;
      }
    return success();
  }
  bool isNeeded(Operation *other) const {
    return llvm::any_of(other->getResults(), [&](Value v) { return cotangents.count(v); });
  }
  LogicalResult stop(Operation *other) { return other->emitError("has no derivative: ") << nameOf(other) << " stops the gradient"; }

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
  llvm::DenseSet<Value> active;
  llvm::DenseMap<Value, Value> cotangents;
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
