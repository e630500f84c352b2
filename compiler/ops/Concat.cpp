// concat: operands one after another along a dimension.
#include "compiler/ops/Concat.h"
#include "compiler/dialect/Term.h"
#include "compiler/lower/Emitter.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace kiln;

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (adaptor.getOperands().empty())
    return emitOptionalError(location, "needs an operand");
  auto first = cast<RankedTensorType>(adaptor.getOperands()[0].getType());
  int64_t dim = adaptor.getDim();
  if (dim < 0 || dim >= first.getRank())
    return emitOptionalError(location, "dim ", dim, " is none of ", first.getRank(), " dimensions");
  SmallVector<int64_t> shape(first.getShape());
  shape[dim] = 0;
  for (Value v : adaptor.getOperands())
    shape[dim] += cast<ShapedType>(v.getType()).getDimSize(dim);
  types.push_back(RankedTensorType::get(shape, first.getElementType()));
  return success();
}

LogicalResult ConcatOp::verify() {
  if (getOperands().empty())
    return emitOpError("needs an operand");
  for (Value v : getOperands())
    for (auto [d, extent] : llvm::enumerate(cast<RankedTensorType>(v.getType()).getShape()))
      if (cast<RankedTensorType>(v.getType()).getRank() != cast<RankedTensorType>(getType()).getRank() ||
          (static_cast<int64_t>(d) != static_cast<int64_t>(getDim()) && extent != cast<ShapedType>(getType()).getDimSize(d)))
        return emitOpError("operands differ in dimension ") << d << ": " << v.getType() << " and " << getType();
  return verifySameElements(*this);
}

int64_t ConcatOp::joinDim() { return getDim(); }

Halide::Expr ConcatOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  int64_t dim = getDim(), start = 0;
  Halide::Expr result;
  auto read = [&](Value v, int64_t begin) {
    lower::Indices from(at.begin(), at.end());
    int64_t extent = cast<ShapedType>(v.getType()).getDimSize(dim);
    from[dim] = at[dim] - begin;
    auto range = from[dim].affine() ? from[dim].range(emitter.env()) : std::pair<int64_t, int64_t>(-1, extent);
    if (range.first < 0 || range.second >= extent)
      from[dim] = lower::Index::of(Halide::clamp(emitter.expr(from[dim]), 0, static_cast<int>(extent - 1)));
    return emitter.value(v, from);
  };
  // select(i < end_0, x_0[i], select(i < end_1, x_1[i - end_0], ...)), leaving out operands that cannot be met.
  auto range = at[dim].affine() ? at[dim].range(emitter.env())
                                : std::pair<int64_t, int64_t>(0, cast<ShapedType>(getType()).getDimSize(dim) - 1);
  SmallVector<std::pair<Value, int64_t>> met;
  for (Value v : getOperands()) {
    int64_t extent = cast<ShapedType>(v.getType()).getDimSize(dim);
    if (extent && start <= range.second && start + extent > range.first)
      met.push_back({v, start});
    start += extent;
  }
  for (auto [v, begin] : llvm::reverse(met)) {
    Halide::Expr here = read(v, begin);
    int64_t end = begin + cast<ShapedType>(v.getType()).getDimSize(dim);
    result = result.defined() ? Halide::select(emitter.expr(at[dim]) < static_cast<int>(end), here, result) : here;
  }
  return result;
}

void ConcatOp::gradient(Gradient &d) {
  Term g = d.cotangent();
  SmallVector<int64_t> starts(g.rank(), 0), ones(g.rank(), 1);
  for (unsigned i = 0; i < getNumOperands(); ++i) {
    d.set(i, slice(g, starts, d.operand(i).shape(), ones));
    starts[getDim()] += d.operand(i).shape()[getDim()];
  }
}

namespace {
// concat(a, b, c) beside concat(a, b) -> concat(concat(a, b), c): what stands in memory once is not written again (dense blocks).
struct SharePrefix : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    auto operands = op.getOperands();
    ConcatOp longest;
    for (Operation *user : operands.front().getUsers()) {
      auto other = dyn_cast<ConcatOp>(user);
      if (!other || other == op || other.getDim() != op.getDim() || other->getBlock() != op->getBlock() ||
          !other->isBeforeInBlock(op) || other->getNumOperands() < 2 || other->getNumOperands() >= operands.size() ||
          !std::equal(other->operand_begin(), other->operand_end(), operands.begin()))
        continue;
      if (!longest || other->getNumOperands() > longest->getNumOperands())
        longest = other;
    }
    if (!longest)
      return failure();
    SmallVector<Value> shorter{longest.getResult()};
    llvm::append_range(shorter, operands.drop_front(longest->getNumOperands()));
    rewriter.modifyOpInPlace(op, [&] { op->setOperands(shorter); });
    return success();
  }
};
} // namespace

void ConcatOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SharePrefix>(context);
  addMapOfJoin(patterns, context);
}
