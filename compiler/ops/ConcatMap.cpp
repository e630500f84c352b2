//===- ConcatMap.cpp - a map of joined values is a join of maps --------------------------------------------------------===//
//
//   map(concat(a, b, c), q)  ->  concat(map(a, q's share), map(concat(b, c), q's share))
//
// when nobody else reads the join. So a large part that is a product meets the map where it is made: a weight's gradient becomes the new
// weight in the registers of the product that sums it up, and is never written. Other parts stay together: one pass over them is one kernel.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Term.h"
#include "compiler/ops/Concat.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace kiln;

namespace {
/// Bytes that the first cache keeps until the next kernel reads them.
constexpr int64_t small = 16 << 10;
constexpr int64_t line = 64;

Role roleOf(Value v) {
  auto algorithm = dyn_cast_or_null<AlgorithmOpInterface>(v.getDefiningOp());
  return algorithm ? algorithm.role() : Role::Leaf;
}
bool isCaller(Value v) { return !v.getDefiningOp() || isa<UseOp>(v.getDefiningOp()); }
int64_t elements(Value v) { return cast<ShapedType>(v.getType()).getNumElements(); }

/// A run of a join's operands, and the shape in which it is made: its own, or the one before a reshape.
struct Share {
  SmallVector<Value> parts;
  Shape starts, sizes, made;
};

class Distribution {
public:
  Distribution(ConcatOp join, PatternRewriter &rewriter) : join(join), rewriter(rewriter) {}

  /// Shares of the join, or none where no part is better met where it is made.
  SmallVector<Share> shares() {
    SmallVector<Share> found;
    Shape starts(shapeOf(join.getType()).size(), 0);
    bool any = false, open = false; // to more that stay together
    for (Value part : join.getOperands()) {
      bool large = isMadeForJoin(part);
      any |= large;
      if (large || !open)
        found.push_back({{}, starts, shapeOf(join.getType()), {}});
      open = !large;
      Share &share = found.back();
      share.parts.push_back(part);
      starts[join.getDim()] += shapeOf(part.getType())[join.getDim()];
      share.sizes[join.getDim()] = starts[join.getDim()] - share.starts[join.getDim()];
      auto view = part.getDefiningOp<ReshapeOp>();
      share.made = large && view ? shapeOf(view.getX().getType()) : share.sizes;
    }
    return any ? found : SmallVector<Share>();
  }

  /// Whether a share of `v` costs nothing: it is a view, or computed like the map itself.
  bool mayCut(Value v) {
    if (v == join.getResult() || isCaller(viewed(v)))
      return true;
    if (auto constant = v.getDefiningOp<ConstantOp>())
      return cast<DenseElementsAttr>(constant.getValue()).isSplat();
    if (auto broadcast = v.getDefiningOp<BroadcastOp>())
      return elements(broadcast.getX()) == 1;
    return v.hasOneUse() && roleOf(v) == Role::Map &&
           llvm::all_of(v.getDefiningOp()->getOperands(), [&](Value operand) { return mayCut(operand); });
  }

  Value cut(Value v, const Share &share) {
    Location loc = v.getLoc();
    if (v == join.getResult()) {
      auto view = share.parts[0].getDefiningOp<ReshapeOp>();
      if (share.made != share.sizes)
        return view.getX();
      return share.parts.size() == 1 ? share.parts[0]
                                     : rewriter.create<ConcatOp>(join.getLoc(), share.parts, join.getDim()).getResult();
    }
    if (auto constant = v.getDefiningOp<ConstantOp>()) {
      auto dense = cast<DenseElementsAttr>(constant.getValue());
      return rewriter.create<ConstantOp>(
          loc, DenseElementsAttr::get(RankedTensorType::get(share.made, dense.getElementType()), dense.getSplatValue<Attribute>()));
    }
    if (auto broadcast = v.getDefiningOp<BroadcastOp>())
      return rewriter.create<BroadcastOp>(loc, shaped(broadcast.getX(), {}), ArrayRef<int64_t>(), share.made);
    if (roleOf(v) == Role::Map)
      return map(v.getDefiningOp(), share);
    Value run = rewriter.create<SliceOp>(loc, v, share.starts, share.sizes, Shape(share.starts.size(), 1));
    return shaped(run, share.made);
  }

  Value map(Operation *op, const Share &share) {
    SmallVector<Value> operands;
    for (Value v : op->getOperands())
      operands.push_back(cut(v, share));
    auto type = RankedTensorType::get(share.made, cast<RankedTensorType>(op->getResult(0).getType()).getElementType());
    OperationState state(op->getLoc(), op->getName(), operands, type, op->getAttrs());
    return rewriter.create(state)->getResult(0);
  }

  Value shaped(Value v, ArrayRef<int64_t> shape) {
    return shapeOf(v.getType()) == Shape(shape) ? v : rewriter.create<ReshapeOp>(v.getLoc(), v, shape).getResult();
  }

private:
  static Value viewed(Value v) {
    for (auto view = v.getDefiningOp<ViewOpInterface>(); view && view.viewStart(); view = v.getDefiningOp<ViewOpInterface>())
      v = view->getOperand(0);
    return v;
  }
  static int64_t bytesOfRow(Value v) {
    auto type = cast<RankedTensorType>(v.getType());
    return type.getRank() ? type.getShape().back() * byteSize(type.getElementType()) : 0;
  }
  // By a product that nobody else reads, or maps of it, in rows of whole lines along its right operand's lanes: as they stand in the join.
  // What it makes in blocks or with padding is turned on its way there, and the other operands of a map would have to be turned as well.
  static bool isMadeForJoin(Value v) {
    if (elements(v) * byteSize(cast<ShapedType>(v.getType()).getElementType()) < small || !v.hasOneUse())
      return false;
    if (auto view = v.getDefiningOp<ReshapeOp>())
      v = view.getX();
    Shape shape = shapeOf(v.getType());
    while (v.hasOneUse() && roleOf(v) == Role::Map)
      v = *llvm::max_element(v.getDefiningOp()->getOperands(), [](Value a, Value b) { return isWork(a) < isWork(b); });
    auto product = v.getDefiningOp<ProductOpInterface>();
    if (!product || !v.hasOneUse() || shapeOf(v.getType()) != shape || bytesOfRow(v) % line)
      return false;
    ProductLabels labels = product.product();
    return labels.spatial.empty() && labels.lhs.find(labels.result.back()) == std::string::npos;
  }
  static bool isWork(Value v) { return roleOf(v) == Role::Map || roleOf(v) == Role::Product; }

  ConcatOp join;
  PatternRewriter &rewriter;
};

struct MapOfJoin : RewritePattern {
  explicit MapOfJoin(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 || roleOf(op->getResult(0)) != Role::Map)
      return failure();
    for (Value v : op->getOperands()) {
      auto join = v.getDefiningOp<ConcatOp>();
      if (!join || !llvm::all_of(join->getUsers(), [&](Operation *user) { return user == op; }) ||
          elements(v) != ShapedType::getNumElements(ArrayRef(shapeOf(v.getType())).drop_front(join.getDim())))
        continue;
      Distribution distribution(join, rewriter);
      SmallVector<Share> shares = distribution.shares();
      if (shares.empty() || !llvm::all_of(op->getOperands(), [&](Value operand) { return distribution.mayCut(operand); }))
        continue;
      SmallVector<Value> parts;
      for (const Share &share : shares)
        parts.push_back(distribution.shaped(distribution.map(op, share), share.sizes));
      rewriter.replaceOpWithNewOp<ConcatOp>(op, parts, join.getDim());
      return success();
    }
    return failure();
  }
};
} // namespace

void kiln::addMapOfJoin(RewritePatternSet &patterns, MLIRContext *context) { patterns.add<MapOfJoin>(context); }
