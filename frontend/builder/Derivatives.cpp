//===- Derivatives.cpp - the GraphBuilder's ops of training: derivatives and random numbers ----------------------===//
#include "frontend/builder/GraphBuilder.h"

using namespace mlir;

namespace kiln {

Value GraphBuilder::detach(Value x) { return emit<DetachOp>(x); }

Value GraphBuilder::random(Value key, int64_t stream, Sizes shape) {
  checkElements(shape);
  if (!loops.empty()) {
    Value turn = loops.front().turn;
    for (const Loop &inner : ArrayRef(loops).drop_front())
      turn = map<AddOp>(map<MulOp>(turn, static_cast<double>(inner.steps)), inner.turn);
    key = concat({key, reshape(turn, {1})}, 0);
  }
  return emit<RandomOp>(key, stream, shape);
}

std::vector<Value> GraphBuilder::gradient(Value y, ArrayRef<Value> with) {
  auto op = ops.create<GradientOp>(location, y, ValueRange(with));
  return {op.getResults().begin(), op.getResults().end()};
}

} // namespace kiln
