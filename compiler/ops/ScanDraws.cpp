// What a scan's body draws at random must differ from step to step: a key that is the same in each draws the same numbers each time.
#include "compiler/dialect/Kiln.h"

using namespace mlir;
using namespace kiln;

/// Adds what follows from values that vary, in inner loops too.
static void follow(Block &body, llvm::DenseSet<Value> &varying) {
  for (Operation &op : body) {
    auto varies = [&](Value v) { return varying.contains(v); };
    auto inner = dyn_cast<ScanOp>(op);
    if (!inner) {
      if (llvm::any_of(op.getOperands(), varies))
        varying.insert(op.result_begin(), op.result_end());
      continue;
    }
    for (auto [argument, operand] : llvm::zip(inner.step().getArguments(), inner->getOperands()))
      if (varies(operand))
        varying.insert(argument);
    for (size_t before = 0; before != varying.size();) {
      before = varying.size();
      follow(inner.step(), varying);
      for (unsigned i = 0; i < inner.numStates(); ++i)
        if (varies(inner.returned()[i]))
          varying.insert(inner.step().getArgument(i));
    }
    for (auto [result, returned] : llvm::zip(inner->getResults(), inner.returned()))
      if (varies(returned))
        varying.insert(result);
  }
}

LogicalResult ScanOp::verifyRegions() {
  SmallVector<RandomOp> draws;
  getBody().walk([&](RandomOp draw) { draws.push_back(draw); });
  if (draws.empty() || getSteps() == 1)
    return success();
  llvm::DenseSet<Value> varying;
  for (unsigned i = 0; i < getNumOperands() - getUses().size(); ++i)
    if (BlockArgument argument = step().getArgument(i); i >= numStates() || returned()[i] != argument)
      varying.insert(argument);
  follow(step(), varying);
  for (RandomOp draw : draws)
    if (!varying.contains(draw.getKey()))
      return draw.emitOpError("draws the same numbers in each of ")
             << getSteps()
             << " steps of a scan, as its key is the same in each; expected a key whose third number is the step's, or a draw "
             << "before the scan";
  return success();
}
