// ProductScale.cpp - scales and shifts by parameters around a product:
//
//   mul(product(x, w), broadcast(s))             -> product(x, mul(w, broadcast(s)))      s along letters of w, w and s parameters
//   mul(add(x, broadcast(b)), broadcast(s))      -> add(mul(x, broadcast(s)), broadcast(mul(b, s)))
//   add(add(x, broadcast(a)), broadcast(b))      -> add(x, broadcast(add(a, b)))
//
// What is left on parameters runs in @init: this is how a batch norm folds into the convolution before it.
#include "compiler/dialect/Kiln.h"
#include "compiler/ops/Product.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace kiln {
namespace {
// The broadcast of a parameter among the two operands of a commutative op, and the other operand.
std::pair<BroadcastOp, Value> parameterOf(Operation *op) {
  for (int i = 1; i >= 0; --i)
    if (auto broadcast = op->getOperand(i).getDefiningOp<BroadcastOp>(); broadcast && dependsOnParametersOnly(broadcast.getX()))
      return {broadcast, op->getOperand(1 - i)};
  return {};
}

bool alike(BroadcastOp a, BroadcastOp b) { return a.getX().getType() == b.getX().getType() && a.getDims() == b.getDims(); }

struct ScaleProduct : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto [scale, other] = parameterOf(op);
    auto product = scale ? other.getDefiningOp<ProductOpInterface>() : ProductOpInterface();
    if (!product || !product->hasOneUse() || !dependsOnParametersOnly(product->getOperand(1)) ||
        !cast<ShapedType>(op.getType()).getElementType().isF32())
      return failure();
    ProductLabels p = product.product();
    auto rhs = cast<RankedTensorType>(product->getOperand(1).getType());
    SmallVector<int64_t> dims;
    for (auto [i, d] : llvm::enumerate(scale.getDims())) {
      size_t at = p.rhs.find(p.result[d]);
      bool unit = cast<ShapedType>(scale.getX().getType()).getDimSize(i) == 1 && rhs.getRank();
      if (at == std::string::npos || unit || p.spatial.find(p.result[d]) != std::string::npos ||
          (!dims.empty() && static_cast<int64_t>(at) < dims.back()))
        return failure();
      dims.push_back(at);
    }
    Value wide = rewriter.create<BroadcastOp>(op.getLoc(), scale.getX(), dims, rhs.getShape());
    Value scaled = rewriter.create<MulOp>(op.getLoc(), product->getOperand(1), wide);
    IRMapping mapping;
    mapping.map(product->getOperand(1), scaled);
    Operation *copy = rewriter.clone(*product, mapping);
    rewriter.replaceOp(op, copy->getResults());
    return success();
  }
};

struct ScaleShift : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto [scale, other] = parameterOf(op);
    auto add = scale ? other.getDefiningOp<AddOp>() : AddOp();
    if (!add || !add->hasOneUse())
      return failure();
    auto [shift, x] = parameterOf(add);
    if (!shift || !alike(shift, scale))
      return failure();
    Value moved = rewriter.create<MulOp>(op.getLoc(), shift.getX(), scale.getX());
    Value wide = rewriter.create<BroadcastOp>(op.getLoc(), moved, shift.getDims(), shift.getShape());
    rewriter.replaceOpWithNewOp<AddOp>(op, rewriter.create<MulOp>(op.getLoc(), x, scale), wide);
    return success();
  }
};

struct ShiftShift : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    auto [outer, other] = parameterOf(op);
    auto add = outer ? other.getDefiningOp<AddOp>() : AddOp();
    if (!add || !add->hasOneUse())
      return failure();
    auto [inner, x] = parameterOf(add);
    if (!inner || !alike(inner, outer))
      return failure();
    Value sum = rewriter.create<AddOp>(op.getLoc(), inner.getX(), outer.getX());
    rewriter.replaceOpWithNewOp<AddOp>(op, x, rewriter.create<BroadcastOp>(op.getLoc(), sum, inner.getDims(), inner.getShape()));
    return success();
  }
};
} // namespace

void addScalePatterns(RewritePatternSet &patterns) { patterns.add<ScaleProduct, ScaleShift, ShiftShift>(patterns.getContext()); }
} // namespace kiln
