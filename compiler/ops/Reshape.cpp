// reshape: the same elements in row-major order under another shape; between launches it is a view.
#include "compiler/lower/Emitter.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace kiln;

LogicalResult ReshapeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(adaptor.getShape(), cast<ShapedType>(adaptor.getX().getType()).getElementType()));
  return success();
}

LogicalResult ReshapeOp::verify() {
  int64_t from = cast<ShapedType>(getX().getType()).getNumElements(), to = ShapedType::getNumElements(getShape());
  return from == to ? success() : emitOpError("cannot make ") << to << " elements out of " << from;
}

// Dimensions are regrouped as finely as the extents allow ([N,C,H,W] -> [N,C,H*W] keeps N and C), so that what does not change stays
// affine; within a group the coordinate goes through the flat position.
Halide::Expr ReshapeOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  Shape from = shapeOf(getX().getType()), to = shapeOf(getType());
  lower::Indices result(from.size());
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    size_t i0 = i, j0 = j;
    int64_t a = i < from.size() ? from[i++] : 1, b = j < to.size() ? to[j++] : 1;
    while (a != b || (a == 1 && i0 == i)) {
      if (a < b && i < from.size())
        a *= from[i++];
      else if (j < to.size())
        b *= to[j++];
      else if (i < from.size())
        a *= from[i++];
      else
        break;
    }
    lower::Index flat(0);
    for (size_t d = j0; d < j; ++d)
      flat = flat * to[d] + at[d];
    for (size_t d = i; d-- > i0;) {
      if (d == i0) {
        result[d] = flat;
        break;
      }
      auto [quotient, remainder] = flat.divide(from[d], emitter.env());
      result[d] = remainder;
      flat = quotient;
    }
  }
  return emitter.value(getX(), result);
}

namespace {
// reshape(reshape(x)) -> reshape(x); reshape to the same shape -> x.
struct CollapseReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    if (op.getX().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getX());
      return success();
    }
    auto inner = op.getX().getDefiningOp<ReshapeOp>();
    if (!inner)
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, inner.getX(), op.getShape());
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) { patterns.add<CollapseReshape>(context); }
