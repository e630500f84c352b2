#include "compiler/ops/StepSum.h"

using namespace mlir;

namespace kiln {
bool StepSum::splits(Value v, llvm::SetVector<Value> &stacked) const {
  Operation *op = v.getDefiningOp();
  if (auto contract = dyn_cast_or_null<ContractOp>(op)) {
    bool left = sameEachStep(contract.getLhs()) != nullptr, right = sameEachStep(contract.getRhs()) != nullptr;
    if (left || right)
      return left != right && splits(left ? contract.getRhs() : contract.getLhs(), stacked);
    stacked.insert(contract.getLhs());
    stacked.insert(contract.getRhs());
    return true;
  }
  if (auto reduce = dyn_cast_or_null<ReduceOp>(op); reduce && reduce.getKind() == ReduceKind::Add) {
    stacked.insert(reduce.getX());
    return true;
  }
  if (auto add = dyn_cast_or_null<AddOp>(op))
    return splits(add.getX(), stacked) && splits(add.getY(), stacked);
  return isa_and_nonnull<TransposeOp, ReshapeOp, BroadcastOp>(op) && splits(op->getOperand(0), stacked);
}

Term StepSum::write(Value v, const llvm::DenseMap<Value, Value> &stacks, const Site &site) const {
  auto stack = [&](Value part) { return Term{stacks.lookup(part), &site}; };
  auto inner = [&](Value part) { return write(part, stacks, site); };
  Operation *op = v.getDefiningOp();
  if (auto contraction = dyn_cast<ContractOp>(op)) {
    ProductLabels p = contraction.product();
    if (Value same = sameEachStep(contraction.getLhs()))
      return contract({same, &site}, inner(contraction.getRhs()), p);
    if (Value same = sameEachStep(contraction.getRhs()))
      return contract(inner(contraction.getLhs()), {same, &site}, p);
    char time = 'a';
    while ((p.lhs + p.rhs).find(time) != std::string::npos)
      time = static_cast<char>(time == 'z' ? 'A' : time + 1);
    p.lhs.insert(p.lhs.begin(), time);
    p.rhs.insert(p.rhs.begin(), time);
    return contract(stack(contraction.getLhs()), stack(contraction.getRhs()), p);
  }
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    SmallVector<int64_t> dims = {0};
    for (int64_t d : reduce.getDims())
      dims.push_back(d + 1);
    return sum(stack(reduce.getX()), dims);
  }
  if (auto add = dyn_cast<AddOp>(op))
    return inner(add.getX()) + inner(add.getY());
  Term x = inner(op->getOperand(0));
  if (auto turned = dyn_cast<TransposeOp>(op))
    return transpose(x, turned.getPerm());
  if (auto spread = dyn_cast<BroadcastOp>(op))
    return broadcast(x, spread.getDims(), spread.getShape());
  return reshape(x, cast<ReshapeOp>(op).getShape());
}
} // namespace kiln
