// Packed.cpp - the order of a filter's letters on a device: those that it brings to the result innermost, as the result has them.
#include "compiler/dialect/Packed.h"
#include "compiler/dialect/Term.h"

using namespace mlir;

namespace kiln {
namespace {
/// Fewer rows than these are no tile: a filter's own rows are read along then.
constexpr int64_t fewRows = 6;

template <typename Op, typename... Rest> Value packed(OpBuilder &ops, Op op, Rest... rest) {
  ProductLabels p = op.product();
  std::string summed, brought;
  int64_t rows = 1;
  for (auto [c, extent] : llvm::zip(p.result, cast<RankedTensorType>(op.getType()).getShape())) {
    bool isLeft = p.lhs.find(c) != std::string::npos;
    if (!isLeft && p.rhs.find(c) != std::string::npos)
      brought += c;
    rows *= isLeft ? extent : 1;
  }
  for (char c : p.rhs)
    if (brought.find(c) == std::string::npos)
      summed += c;
  std::string wanted = summed + brought;
  if (wanted == p.rhs || brought.empty() || rows < fewRows)
    return {};
  SmallVector<int64_t> perm;
  for (char c : wanted)
    perm.push_back(static_cast<int64_t>(p.rhs.find(c)));
  p.rhs = wanted;
  Value turned = ops.create<TransposeOp>(op.getLoc(), op.getRhs(), perm);
  return ops.create<Op>(op.getLoc(), op.getLhs(), turned, p.print(), rest...);
}
} // namespace

Value packedProduct(OpBuilder &ops, Operation *op) {
  if (!dependsOnParametersOnly(op->getOperand(1)) || dependsOnParametersOnly(op->getOperand(0)))
    return {};
  if (auto contract = dyn_cast<ContractOp>(op))
    return packed(ops, contract);
  if (auto window = dyn_cast<WindowOp>(op))
    return packed(ops, window, window.getSpatial(), window.getStrides(), window.getLow(), window.getHigh(), window.getLhsDilation(),
                  window.getDilation());
  return {};
}
} // namespace kiln
