// transpose: result dimension i is operand dimension perm[i].
#include "compiler/dialect/Term.h"
#include "compiler/lower/Emitter.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace kiln;

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  SmallVector<int64_t> shape;
  SmallVector<bool> seen(x.getRank(), false);
  for (int64_t p : adaptor.getPerm()) {
    if (p < 0 || p >= x.getRank() || seen[p])
      return emitOptionalError(location, "perm is no permutation of ", x.getRank(), " dimensions");
    seen[p] = true;
    shape.push_back(x.getDimSize(p));
  }
  if (static_cast<int64_t>(shape.size()) != x.getRank())
    return emitOptionalError(location, "perm has ", shape.size(), " entries for rank ", x.getRank());
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

LogicalResult TransposeOp::verify() { return success(); }

Halide::Expr TransposeOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  lower::Indices from(at.size());
  for (auto [i, p] : llvm::enumerate(getPerm()))
    from[p] = at[i];
  return emitter.value(getX(), from);
}

void TransposeOp::gradient(Gradient &d) {
  SmallVector<int64_t> back(getPerm().size());
  for (auto [to, from] : llvm::enumerate(getPerm()))
    back[from] = static_cast<int64_t>(to);
  d.set(0, transpose(d.cotangent(), back));
}

namespace {
// transpose(transpose(x)) -> one transpose; the identity -> x; one that moves only unit dimensions -> reshape.
struct SimplifyTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto x = cast<RankedTensorType>(op.getX().getType());
    SmallVector<int64_t> moving;
    for (int64_t p : op.getPerm())
      if (x.getDimSize(p) != 1)
        moving.push_back(p);
    if (llvm::is_sorted(moving)) {
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getX(), cast<RankedTensorType>(op.getType()).getShape());
      return success();
    }
    auto inner = op.getX().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> perm;
    for (int64_t p : op.getPerm())
      perm.push_back(inner.getPerm()[p]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, inner.getX(), perm);
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SimplifyTranspose>(context);
}
