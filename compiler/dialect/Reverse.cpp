#include "compiler/dialect/Reverse.h"
#include "compiler/dialect/Term.h"

using namespace mlir;

namespace kiln {
static bool isFloat(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && isa<FloatType>(type.getElementType());
}
std::string nameOf(Operation *op) {
  std::string text = "'" + op->getName().getStringRef().str() + "'";
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    text += " (node '" + name.getName().str() + "')";
  return text;
}

Reverse::Reverse(Block &block, Operation *end, ValueRange by) : block(block), end(end) {
  active.insert(by.begin(), by.end());
  for (Operation &op : block) {
    if (&op == end)
      break;
    if (!op.hasTrait<NotDifferentiable>() && reached(&op))
      for (Value v : op.getResults())
        if (isFloat(v))
          active.insert(v);
  }
}

bool Reverse::reached(Operation *op) const {
  return llvm::any_of(op->getOperands(), [&](Value v) { return active.contains(v); });
}

void Reverse::seed(Value y, Value cotangent, OpBuilder &ops, Location location) {
  Site site{ops, location};
  Value &sum = cotangents[y];
  sum = sum ? (Term{sum, &site} + Term{cotangent, &site}).value : cotangent;
}

LogicalResult Reverse::run(OpBuilder &ops) {
  SmallVector<Operation *> path;
  for (Operation &op : block) {
    if (&op == end)
      break;
    if (!op.hasTrait<OpTrait::IsTerminator>() && reached(&op))
      path.push_back(&op);
  }
  for (Operation *op : llvm::reverse(path))
    if (failed(pass(op, ops)))
      return failure();
  for (Operation *op : spent)
    op->erase();
  return success();
}

// What a gradient asks of the operands alone (which tap of a pool won) is found out beside the op itself, while they are in cache.
static void hoist(Operation *made, OpBuilder &ops, Operation *op) {
  for (Operation *place = op; made && made->getIterator() != ops.getInsertionPoint();) {
    Operation *next = made->getNextNode();
    auto algorithm = dyn_cast<AlgorithmOpInterface>(made);
    if (algorithm && algorithm.role() == Role::Pool && llvm::all_of(made->getOperands(), [&](Value v) {
          Operation *from = v.getDefiningOp();
          return !from || from == place || (from->getBlock() == place->getBlock() && from->isBeforeInBlock(place));
        })) {
      made->moveAfter(place);
      place = made;
    }
    made = next;
  }
}

LogicalResult Reverse::pass(Operation *op, OpBuilder &ops) {
  SmallVector<Value> given;
  for (Value v : op->getResults())
    given.push_back(cotangents.lookup(v));
  bool needed = llvm::any_of(given, [](Value v) { return v != nullptr; });
  if (!needed || op->hasTrait<NotDifferentiable>())
    return success();
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  if (!differentiable)
    return op->emitError("has no derivative: ") << nameOf(op) << " stops the gradient";
  SmallVector<bool> wanted;
  for (Value v : op->getOperands())
    wanted.push_back(active.contains(v) && isFloat(v));
  Gradient gradient(op, given, wanted, Site{ops, op->getLoc()});
  Block *block = ops.getInsertionBlock();
  Operation *before = ops.getInsertionPoint() == block->begin() ? nullptr : &*std::prev(ops.getInsertionPoint());
  differentiable.gradient(gradient);
  if (block == op->getBlock() && !gradient.hasFailed())
    hoist(before ? before->getNextNode() : &block->front(), ops, op);
  if (gradient.hasFailed())
    return failure();
  for (auto [i, v] : llvm::enumerate(op->getOperands()))
    if (Value g = gradient.get(i); g && active.contains(v))
      seed(v, g, ops, op->getLoc());
  if (Operation *other = gradient.replacedBy())
    replace(op, other);
  return success();
}

// The old op stays until the end: its values stand in the tables.
void Reverse::replace(Operation *op, Operation *by) {
  for (auto [before, after] : llvm::zip(op->getResults(), by->getResults())) {
    before.replaceAllUsesWith(after);
    if (Value g = cotangents.lookup(before))
      cotangents[after] = g;
    if (active.contains(before))
      active.insert(after);
  }
  spent.push_back(op);
}
} // namespace kiln
