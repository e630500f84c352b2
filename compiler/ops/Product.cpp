// contract, window: result = sum over the letters that the result lacks of lhs * rhs.
#include "compiler/ops/Product.h"
#include "compiler/lower/Emitter.h"
#include "compiler/lower/Math.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace kiln;

namespace {
// What a spatial letter does to a coordinate.
struct Windowed {
  int64_t stride = 1, low = 0, high = 0, lhsDilation = 1, dilation = 1;
};
using Windows = std::map<char, Windowed>;

bool has(const std::string &letters, char c) { return letters.find(c) != std::string::npos; }

LogicalResult infer(std::optional<Location> location, StringRef text, StringRef spatial, const Windows &windows, Value lhs,
                    Value rhs, SmallVectorImpl<Type> &types) {
  auto labels = ProductLabels::parse(text, spatial);
  auto l = cast<RankedTensorType>(lhs.getType()), r = cast<RankedTensorType>(rhs.getType());
  if (!labels || static_cast<int64_t>(labels->lhs.size()) != l.getRank() || static_cast<int64_t>(labels->rhs.size()) != r.getRank())
    return emitOptionalError(location, "labels '", text, "' do not fit operands of rank ", l.getRank(), " and ", r.getRank());
  if (l.getElementType() != r.getElementType())
    return emitOptionalError(location, "needs operands of one element type, found ", l.getElementType(), " and ",
                             r.getElementType());
  std::map<char, int64_t> extents;
  for (auto [c, extent] : llvm::zip(labels->lhs, l.getShape()))
    extents[c] = extent;
  for (auto [c, extent] : llvm::zip(labels->rhs, r.getShape())) {
    auto w = windows.find(c);
    if (w != windows.end()) {
      const Windowed &s = w->second;
      int64_t room = (extents[c] - 1) * s.lhsDilation + 1 + s.low + s.high, reach = (extent - 1) * s.dilation + 1;
      if (s.stride < 1 || s.lhsDilation < 1 || s.dilation < 1 || extent < 1 || reach > room)
        return emitOptionalError(location, "a kernel that reaches over ", reach, " does not fit the padded extent ", room, " of '",
                                 std::string(1, c), "'");
      extents[c] = (room - reach) / s.stride + 1;
    } else if (auto found = extents.find(c); found != extents.end() && found->second != extent) {
      return emitOptionalError(location, "operands disagree on '", std::string(1, c), "' of ", text, ": ", found->second, " and ",
                               extent);
    } else {
      extents[c] = extent;
    }
  }
  SmallVector<int64_t> shape;
  for (char c : labels->result)
    shape.push_back(extents[c]);
  types.push_back(RankedTensorType::get(shape, l.getElementType()));
  return success();
}

// A long kernel (an image's cotangent) may be stored with zeros behind it, so that it fills whole vectors, where the image goes on as well.
int64_t stored(lower::Emitter &emitter, Operation *op, const ProductLabels &p, char c, const Windowed &w, int64_t extent) {
  auto axis = [&](const std::string &letters) { return static_cast<int64_t>(letters.find(c)); };
  int64_t more = emitter.spare(op->getOperand(1), axis(p.rhs)), at = axis(p.lhs);
  if (more == 0 || w.lhsDilation > 1 || w.low > 0 || w.high > 0)
    return extent;
  int64_t room = cast<ShapedType>(op->getOperand(0).getType()).getDimSize(at) + emitter.spare(op->getOperand(0), at);
  int64_t result = cast<ShapedType>(op->getResult(0).getType()).getDimSize(axis(p.result));
  return room - (result - 1) * w.stride - (extent + more - 1) * w.dilation > 0 ? extent + more : extent;
}

Halide::Expr emitProduct(lower::Emitter &emitter, Operation *op, lower::At at, const ProductLabels &p, const Windows &windows) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  lower::Reduction reduction;
  std::string summed;
  for (auto [c, extent] : llvm::zip(p.lhs, cast<RankedTensorType>(lhs.getType()).getShape()))
    if (!has(p.result, c)) {
      summed += c;
      reduction.extents.push_back(extent);
      reduction.names.push_back(std::string(1, c));
    }
  for (auto [c, extent] : llvm::zip(p.rhs, cast<RankedTensorType>(rhs.getType()).getShape()))
    if (auto w = windows.find(c); w != windows.end() || (!has(p.result, c) && !has(p.lhs, c))) {
      summed += c;
      reduction.extents.push_back(w == windows.end() ? extent : stored(emitter, op, p, c, w->second, extent));
      reduction.names.push_back((windows.count(c) ? "k" : "") + std::string(1, c));
    }
  for (char c : p.result)
    reduction.results.push_back(std::string(1, c));
  Halide::Type type = lower::halideType(cast<ShapedType>(lhs.getType()).getElementType());
  reduction.init = {Halide::Internal::make_zero(type)};
  reduction.step = [&](lower::At to, lower::At r, const lower::Exprs &sum) -> lower::Exprs {
    auto result = [&](char c) { return to[p.result.find(c)]; };
    auto reduced = [&](char c) { return r[summed.find(c)]; };
    lower::Indices left, right;
    Halide::Expr divides;
    for (char c : p.lhs) {
      auto w = windows.find(c);
      if (w == windows.end()) {
        left.push_back(has(p.result, c) ? result(c) : reduced(c));
        continue;
      }
      lower::Index position = result(c) * w->second.stride + reduced(c) * w->second.dilation - w->second.low;
      if (int64_t every = w->second.lhsDilation; every > 1) {
        // Shifted to be positive, so that Halide's flooring division is the plain one.
        Halide::Expr shifted = emitter.expr(position + w->second.low * every) - static_cast<int>(w->second.low * every);
        Halide::Expr here = shifted % static_cast<int>(every) == 0;
        divides = divides.defined() ? divides && here : here;
        position = lower::Index::of(Halide::Internal::simplify(shifted / static_cast<int>(every)));
      }
      left.push_back(position);
    }
    for (char c : p.rhs)
      right.push_back(windows.count(c) || !has(p.result, c) ? reduced(c) : result(c));
    bool inside = windows.empty();
    Halide::Expr x = inside ? emitter.value(lhs, left) : emitter.padded(lhs, left, Halide::Internal::make_zero(type));
    if (divides.defined())
      x = Halide::select(divides, x, Halide::Internal::make_zero(type));
    return {sum[0] + x * emitter.value(rhs, right)};
  };
  return emitter.reduce(op, at, reduction)[0];
}

Windows windowsOf(StringRef spatial, ArrayRef<int64_t> strides, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                  ArrayRef<int64_t> lhsDilation, ArrayRef<int64_t> dilation) {
  Windows windows;
  for (size_t i = 0; i < spatial.size(); ++i)
    windows[spatial[i]] = {strides[i], low[i], high[i], lhsDilation[i], dilation[i]};
  return windows;
}

// contract(transpose(x), w) -> contract(x, w) with permuted letters; either operand.
struct FoldTranspose : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    ProductLabels p = op.product();
    Value operands[2] = {op.getLhs(), op.getRhs()};
    std::string *letters[2] = {&p.lhs, &p.rhs};
    bool changed = false;
    for (int i = 0; i < 2; ++i)
      if (auto transpose = operands[i].getDefiningOp<TransposeOp>()) {
        std::string source(letters[i]->size(), ' ');
        for (auto [to, from] : llvm::enumerate(transpose.getPerm()))
          source[from] = (*letters[i])[to];
        *letters[i] = source;
        operands[i] = transpose.getX();
        changed = true;
      }
    if (!changed)
      return failure();
    rewriter.replaceOpWithNewOp<ContractOp>(op, operands[0], operands[1], p.print());
    return success();
  }
};

// transpose(contract(x, w)) with one use -> contract with permuted result letters.
struct FoldResultTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto contract = op.getX().getDefiningOp<ContractOp>();
    if (!contract || !contract->hasOneUse())
      return failure();
    ProductLabels p = contract.product();
    std::string result;
    for (int64_t d : op.getPerm())
      result += p.result[d];
    p.result = result;
    rewriter.replaceOpWithNewOp<ContractOp>(op, contract.getLhs(), contract.getRhs(), p.print());
    return success();
  }
};

// A window whose kernel is one tap, unstrided and unpadded, is a contraction: "ncyx,ocyx->noyx" becomes "ncyx,oc->noyx".
struct PointwiseWindow : OpRewritePattern<WindowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WindowOp op, PatternRewriter &rewriter) const override {
    ProductLabels p = op.product();
    auto one = [](ArrayRef<int64_t> a) { return llvm::all_of(a, [](int64_t v) { return v == 1; }); };
    auto zero = [](ArrayRef<int64_t> a) { return llvm::all_of(a, [](int64_t v) { return v == 0; }); };
    if (!one(op.getStrides()) || !zero(op.getLow()) || !zero(op.getHigh()) || !one(op.getLhsDilation()))
      return failure();
    auto kernel = cast<RankedTensorType>(op.getRhs().getType());
    std::string letters;
    SmallVector<int64_t> shape;
    for (auto [c, extent] : llvm::zip(p.rhs, kernel.getShape())) {
      if (!has(p.spatial, c)) {
        letters += c;
        shape.push_back(extent);
      } else if (extent != 1) {
        return failure();
      }
    }
    p.rhs = letters;
    Value rhs = rewriter.create<ReshapeOp>(op.getLoc(), op.getRhs(), shape);
    rewriter.replaceOpWithNewOp<ContractOp>(op, op.getLhs(), rhs, p.print());
    return success();
  }
};
} // namespace

LogicalResult ContractOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  return infer(location, adaptor.getLabels(), "", {}, adaptor.getLhs(), adaptor.getRhs(), types);
}
LogicalResult ContractOp::verify() { return success(); }
ProductLabels ContractOp::product() { return *ProductLabels::parse(getLabels()); }
Halide::Expr ContractOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  return emitProduct(emitter, *this, at, product(), {});
}
void ContractOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldTranspose, FoldResultTranspose>(context);
  addScalePatterns(patterns);
  addSplitPatterns(patterns);
}

LogicalResult WindowOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  size_t n = adaptor.getSpatial().size();
  for (ArrayRef<int64_t> a :
       {adaptor.getStrides(), adaptor.getLow(), adaptor.getHigh(), adaptor.getLhsDilation(), adaptor.getDilation()})
    if (a.size() != n)
      return emitOptionalError(location, "needs strides, padding and dilations for each of ", n, " spatial letters");
  return infer(location, adaptor.getLabels(), adaptor.getSpatial(),
               windowsOf(adaptor.getSpatial(), adaptor.getStrides(), adaptor.getLow(), adaptor.getHigh(), adaptor.getLhsDilation(),
                         adaptor.getDilation()),
               adaptor.getLhs(), adaptor.getRhs(), types);
}
LogicalResult WindowOp::verify() { return success(); }
ProductLabels WindowOp::product() { return *ProductLabels::parse(getLabels(), getSpatial()); }
Halide::Expr WindowOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  return emitProduct(emitter, *this, at, product(),
                     windowsOf(getSpatial(), getStrides(), getLow(), getHigh(), getLhsDilation(), getDilation()));
}
void WindowOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<PointwiseWindow>(context);
  addPhasePatterns(patterns);
}
