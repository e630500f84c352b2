// reshape: the same elements in row-major order under another shape; between launches it is a view.
#include "compiler/dialect/Term.h"
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

std::optional<int64_t> ReshapeOp::viewStart() { return 0; }

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

void ReshapeOp::gradient(Gradient &d) { d.set(0, reshape(d.cotangent(), d.operand(0).shape())); }

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
// map(reshape(x), ...) -> reshape(map(x, ...)), so that a map meets the product or reduction that feeds it. The other operands must be
// reshapes from the same shape, splats, or broadcasts of a vector along a dimension that the reshape keeps or splits in two.
struct SinkReshape : RewritePattern {
  explicit SinkReshape(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  // The value of `v` in the shape before the reshape, or null. With no rewriter: only whether there is one.
  static bool reshaped(Value v, ReshapeOp model, PatternRewriter *rewriter, Value &result) {
    Shape from = shapeOf(model.getX().getType()), to = shapeOf(model.getType());
    auto element = cast<RankedTensorType>(v.getType()).getElementType();
    if (auto reshape = v.getDefiningOp<ReshapeOp>()) {
      result = reshape.getX();
      return shapeOf(reshape.getX().getType()) == from;
    }
    if (auto constant = v.getDefiningOp<ConstantOp>()) {
      auto dense = cast<DenseElementsAttr>(constant.getValue());
      if (dense.isSplat() && rewriter)
        result = rewriter->create<ConstantOp>(
            constant.getLoc(), DenseElementsAttr::get(RankedTensorType::get(from, element), dense.getSplatValue<Attribute>()));
      return dense.isSplat();
    }
    auto broadcast = v.getDefiningOp<BroadcastOp>();
    if (!broadcast || broadcast.getDims().size() != 1 || cast<ShapedType>(broadcast.getX().getType()).getDimSize(0) == 1)
      return false;
    int64_t d = broadcast.getDims()[0], before = 1, i = 0, running = 1;
    for (int64_t k = 0; k < d; ++k)
      before *= to[k];
    while (i < static_cast<int64_t>(from.size()) && running < before)
      running *= from[i++];
    while (i < static_cast<int64_t>(from.size()) && from[i] == 1 && to[d] != 1)
      ++i;
    if (running != before || i >= static_cast<int64_t>(from.size()))
      return false;
    SmallVector<int64_t> dims{i}, shape{from[i]};
    if (from[i] != to[d]) {
      if (i + 1 >= static_cast<int64_t>(from.size()) || from[i] * from[i + 1] != to[d])
        return false;
      dims.push_back(i + 1);
      shape.push_back(from[i + 1]);
    }
    if (rewriter) {
      Value x = shape.size() == 1 ? broadcast.getX()
                                  : rewriter->create<ReshapeOp>(broadcast.getLoc(), broadcast.getX(), shape).getResult();
      result = rewriter->create<BroadcastOp>(broadcast.getLoc(), x, dims, from);
    }
    return true;
  }

  // A run of what the caller or a parameter has: it stands in memory under any shape.
  static bool isRun(Value v) {
    auto run = v.getDefiningOp<SliceOp>();
    Operation *from = run && run.viewStart() ? run.getX().getDefiningOp() : run;
    return run && (!from || isa<UseOp>(from));
  }

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto map = dyn_cast<AlgorithmOpInterface>(op);
    if (!map || map.role() != Role::Map)
      return failure();
    ReshapeOp model;
    for (Value v : op->getOperands())
      if (auto reshape = v.getDefiningOp<ReshapeOp>();
          reshape && reshape->hasOneUse() && reshape.getX().getDefiningOp<AlgorithmOpInterface>() && !isRun(reshape.getX()))
        model = reshape;
    Value ignored;
    if (!model || !llvm::all_of(op->getOperands(), [&](Value v) { return reshaped(v, model, nullptr, ignored); }))
      return failure();
    SmallVector<Value> operands(op->getNumOperands());
    for (auto [v, result] : llvm::zip(op->getOperands(), operands))
      reshaped(v, model, &rewriter, result);
    auto type =
        RankedTensorType::get(shapeOf(model.getX().getType()), cast<RankedTensorType>(op->getResult(0).getType()).getElementType());
    OperationState state(op->getLoc(), op->getName(), operands, type, op->getAttrs());
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, rewriter.create(state)->getResult(0), shapeOf(op->getResult(0).getType()));
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<CollapseReshape, SinkReshape>(context);
}
