// broadcast: result[.., i_d, ..] = x[.., extent_i == 1 ? 0 : i_dims[i], ..].
#include "compiler/dialect/Term.h"
#include "compiler/lower/Emitter.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace kiln;

LogicalResult BroadcastOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(adaptor.getShape(), cast<ShapedType>(adaptor.getX().getType()).getElementType()));
  return success();
}

LogicalResult BroadcastOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType());
  if (static_cast<int64_t>(getDims().size()) != x.getRank())
    return emitOpError("needs one entry in dims per operand dimension, found ") << getDims().size() << " for rank " << x.getRank();
  for (auto [i, d] : llvm::enumerate(getDims())) {
    if (d < 0 || d >= static_cast<int64_t>(getShape().size()) || (i && d <= getDims()[i - 1]))
      return emitOpError("dims must be increasing result dimensions, found ") << d;
    if (x.getDimSize(i) != 1 && x.getDimSize(i) != getShape()[d])
      return emitOpError("cannot broadcast extent ") << x.getDimSize(i) << " to " << getShape()[d];
  }
  return success();
}

Halide::Expr BroadcastOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  lower::Indices from;
  for (auto [i, d] : llvm::enumerate(getDims()))
    from.push_back(cast<ShapedType>(getX().getType()).getDimSize(i) == 1 ? lower::Index(0) : at[d]);
  return emitter.value(getX(), from);
}

// The sum over every dimension that was repeated.
void BroadcastOp::gradient(Gradient &d) {
  SmallVector<int64_t> repeated;
  auto shape = d.operand(0).shape();
  for (int64_t r = 0, i = 0, rank = getShape().size(); r < rank; ++r) {
    bool mapped = i < static_cast<int64_t>(shape.size()) && getDims()[i] == r;
    if (!mapped || shape[i] != getShape()[r])
      repeated.push_back(r);
    i += mapped;
  }
  d.set(0, reshape(sum(d.cotangent(), repeated), shape));
}

namespace {
// broadcast(reshape(x)) where the reshape only inserts extents of one (a kept reduced dimension) -> broadcast(x); broadcast to the same
// shape -> x.
struct SkipUnitReshape : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BroadcastOp op, PatternRewriter &rewriter) const override {
    if (op.getX().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getX());
      return success();
    }
    auto reshape = op.getX().getDefiningOp<ReshapeOp>();
    if (!reshape)
      return failure();
    Shape from = shapeOf(reshape.getX().getType()), to = shapeOf(reshape.getType());
    SmallVector<int64_t> dims;
    size_t i = 0;
    for (size_t j = 0; j < to.size(); ++j) {
      if (i < from.size() && from[i] == to[j]) {
        dims.push_back(op.getDims()[j]);
        ++i;
      } else if (to[j] != 1) {
        return failure();
      }
    }
    if (i != from.size())
      return failure();
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, reshape.getX(), dims, op.getShape());
    return success();
  }
};
} // namespace

void BroadcastOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SkipUnitReshape>(context);
}
