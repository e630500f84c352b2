#include "frontend/builder/Logits.h"
#include "frontend/builder/GraphBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace kiln::builder {

/// Through what spreads a reduction's result over the dimensions that it removed.
static Value spreadFrom(Value x) {
  while (Operation *op = x.getDefiningOp()) {
    if (!isa<BroadcastOp, ReshapeOp, DetachOp>(op))
      break;
    x = op->getOperand(0);
  }
  return x;
}

/// The operand of a reduction of that kind along the last dimension alone.
static Value reducedFrom(Value x, ReduceKind kind) {
  auto reduce = spreadFrom(x).getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getKind() != kind || reduce.getDims().size() != 1 || reduce.getDims()[0] != rankOf(reduce.getX()) - 1)
    return {};
  return reduce.getX();
}

/// exp(x - max) / sum(exp(x - max)).
Value behindSoftmax(Value y) {
  auto quotient = y.getDefiningOp<DivOp>();
  auto exp = quotient ? quotient.getX().getDefiningOp<ExpOp>() : ExpOp();
  if (!exp || reducedFrom(quotient.getY(), ReduceKind::Add) != exp.getResult())
    return {};
  auto shifted = exp.getX().getDefiningOp<SubOp>();
  return shifted && reducedFrom(shifted.getY(), ReduceKind::Max) == shifted.getX() ? shifted.getX() : Value();
}

Value behindSigmoid(Value y) {
  auto sigmoid = y.getDefiningOp<SigmoidOp>();
  return sigmoid ? sigmoid.getX() : Value();
}

/// 0 <= x as a number.
Value behindStep(Value y) {
  auto number = y.getDefiningOp<CastOp>();
  auto compared = number ? number.getX().getDefiningOp<LeOp>() : LeOp();
  DenseElementsAttr zero;
  if (!compared || !matchPattern(compared.getX(), m_Constant(&zero)) || !zero.isSplat() || !zero.getSplatValue<APFloat>().isZero())
    return {};
  return compared.getY();
}

} // namespace kiln::builder
