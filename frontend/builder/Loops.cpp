//===- Loops.cpp - the GraphBuilder's scan ---------------------------------------------------------------------===//
#include "frontend/builder/GraphBuilder.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace kiln {

/// What the body reads of the graph around it becomes arguments; constants are written again inside.
static SmallVector<Value> isolate(Block &body) {
  llvm::SetVector<Value> outside;
  for (Operation &op : body)
    for (Value v : op.getOperands())
      if (v.getParentBlock() != &body)
        outside.insert(v);
  SmallVector<Value> uses;
  for (Value v : outside) {
    Value inner;
    if (auto constant = v.getDefiningOp<ConstantOp>())
      inner = OpBuilder(v.getContext()).clone(*constant)->getResult(0);
    if (inner)
      body.push_front(inner.getDefiningOp());
    else {
      inner = body.addArgument(v.getType(), v.getLoc());
      uses.push_back(v);
    }
    v.replaceUsesWithIf(inner, [&](OpOperand &use) { return use.getOwner()->getBlock() == &body; });
  }
  return uses;
}

std::vector<Value> GraphBuilder::scan(ArrayRef<Value> states, ArrayRef<Value> inputs, bool reverse,
                                      llvm::function_ref<std::vector<Value>(ArrayRef<Value>, ArrayRef<Value>)> step) {
  int64_t steps = sizesOf(inputs.front()).front();
  for (Value input : inputs)
    if (rankOf(input) == 0 || sizesOf(input).front() != steps)
      throw BuildError{"a loop goes over " + shapeText(input) + " and " + shapeText(inputs.front()) + ", expected one length"};
  if (steps == 0)
    throw BuildError{"a loop goes over " + shapeText(inputs.front()) + ", expected at least one step"};
  auto body = std::make_unique<Block>();
  for (Value state : states)
    body->addArgument(state.getType(), location);
  for (Value input : inputs)
    body->addArgument(RankedTensorType::get(sizesOf(input).drop_front(), elementOf(input)), location);
  SmallVector<Value> arguments(body->getArguments()), over(inputs);
  Type count = IntegerType::get(context(), 64);
  BlockArgument turn = body->addArgument(RankedTensorType::get({}, count), location);
  std::vector<Value> returned;
  {
    OpBuilder::InsertionGuard guard(ops);
    ops.setInsertionPointToStart(body.get());
    loops.push_back({turn, steps});
    auto leave = llvm::make_scope_exit([&] { loops.pop_back(); });
    returned = step(ArrayRef(arguments).take_front(states.size()), ArrayRef(arguments).drop_front(states.size()));
    ops.create<ReturnOp>(location, returned);
  }
  for (size_t i = 0; i < states.size(); ++i)
    if (returned[i].getType() != states[i].getType())
      throw BuildError{"a loop carries " + shapeText(states[i]) + ", but a step makes " + shapeText(returned[i]) + " of it"};
  if (turn.use_empty())
    body->eraseArgument(turn.getArgNumber());
  else
    over.push_back(iota(count, {steps}, 0));
  SmallVector<Value> uses = isolate(*body);
  auto made = ops.create<ScanOp>(location, steps, reverse, states, over, uses, body.release());
  return {made->result_begin(), made->result_end()};
}

} // namespace kiln
