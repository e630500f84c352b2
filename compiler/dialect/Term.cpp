#include "compiler/dialect/Term.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace kiln {
static std::optional<DenseElementsAttr> splatOf(Value value) {
  DenseElementsAttr dense;
  return matchPattern(value, m_Constant(&dense)) && dense.isSplat() ? std::optional(dense) : std::nullopt;
}

bool Term::isConstant() const { return matchPattern(value, m_Constant()); }
bool Term::isSplat(double number) const {
  auto dense = splatOf(value);
  if (!dense)
    return false;
  if (isa<FloatType>(element()))
    return dense->getSplatValue<APFloat>().convertToDouble() == number;
  return element().isInteger() && dense->getSplatValue<APInt>() == static_cast<uint64_t>(number);
}
Term Term::like(double number) const { return splat(*site, element(), shape(), number); }

Term splat(const Site &site, Type element, ArrayRef<int64_t> shape, double number) {
  Attribute value = isa<FloatType>(element) ? Attribute(FloatAttr::get(element, number))
                                            : Attribute(IntegerAttr::get(element, static_cast<int64_t>(number)));
  auto type = RankedTensorType::get(shape, element);
  return {site.ops.create<ConstantOp>(site.location, type, DenseElementsAttr::get(type, value)), &site};
}
Term iota(const Site &site, ArrayRef<int64_t> shape, int64_t dim) {
  auto type = RankedTensorType::get(shape, site.ops.getI32Type());
  return {site.ops.create<IotaOp>(site.location, type, dim), &site};
}

Term operator+(Term x, Term y) { return x.isSplat(0) ? y : y.isSplat(0) ? x : x.make<AddOp>(y.value); }
Term operator-(Term x, Term y) { return y.isSplat(0) ? x : x.isSplat(0) ? -y : x.make<SubOp>(y.value); }
Term operator*(Term x, Term y) {
  if (x.isSplat(1) || y.isSplat(0))
    return y;
  if (y.isSplat(1) || x.isSplat(0))
    return x;
  return x.isSplat(-1) ? -y : y.isSplat(-1) ? -x : x.make<MulOp>(y.value);
}
Term operator/(Term x, Term y) { return y.isSplat(1) ? x : x.make<DivOp>(y.value); }
Term operator-(Term x) {
  if (auto neg = x.value.getDefiningOp<NegOp>())
    return {neg.getX(), x.site};
  return x.make<NegOp>();
}

Term sign(Term x) { return x.make<SignOp>(); }
Term exp(Term x) { return x.make<ExpOp>(); }
Term log(Term x) { return x.make<LogOp>(); }
Term sin(Term x) { return x.make<SinOp>(); }
Term cos(Term x) { return x.make<CosOp>(); }
Term sinh(Term x) { return x.make<SinhOp>(); }
Term cosh(Term x) { return x.make<CoshOp>(); }
Term rsqrt(Term x) { return x.make<RsqrtOp>(); }
Term pow(Term x, Term y) { return x.make<PowOp>(y.value); }
Term floor(Term x) { return x.make<FloorOp>(); }
Term trunc(Term x) { return select(less(x, x.like(0)), x.make<CeilOp>(), x.make<FloorOp>()); }
Term less(Term x, Term y) { return x.make<LtOp>(y.value); }
Term equal(Term x, Term y) { return x.make<EqOp>(y.value); }
Term select(Term condition, Term x, Term y) { return condition.make<SelectOp>(x.value, y.value); }
Term convert(Term x, Type element) { return x.element() == element ? x : x.make<CastOp>(element); }
Term extreme(Term g, Term x, Term y, Term z) {
  if (x.isConstant() || y.isConstant())
    return x.isConstant() ? g.like(0) : select(equal(y, z), 0, g);
  return select(equal(y, z), select(equal(x, z), 0.5 * g, 0), g);
}

Term broadcast(Term x, ArrayRef<int64_t> dims, ArrayRef<int64_t> shape) {
  if (auto dense = splatOf(x.value)) {
    auto type = RankedTensorType::get(shape, x.element());
    auto wide = DenseElementsAttr::get(type, dense->getSplatValue<Attribute>());
    return {x.site->ops.create<ConstantOp>(x.site->location, type, wide), x.site};
  }
  return x.shape() == shape ? x : x.make<BroadcastOp>(dims, shape);
}
Term reshape(Term x, ArrayRef<int64_t> shape) { return x.shape() == shape ? x : x.make<ReshapeOp>(shape); }
Term transpose(Term x, ArrayRef<int64_t> perm) { return llvm::is_sorted(perm) ? x : x.make<TransposeOp>(perm); }
Term slice(Term x, ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes, ArrayRef<int64_t> steps) {
  bool whole = sizes == x.shape() && llvm::all_of(steps, [](int64_t s) { return s == 1; });
  return whole ? x : x.make<SliceOp>(starts, sizes, steps);
}
Term pad(Term x, ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  SmallVector<int64_t> starts, sizes, before, after, ones(x.rank(), 1);
  for (auto [extent, l, h] : llvm::zip(x.shape(), low, high)) {
    starts.push_back(std::max<int64_t>(-l, 0));
    sizes.push_back(extent + std::min<int64_t>(l, 0) + std::min<int64_t>(h, 0));
    before.push_back(std::max<int64_t>(l, 0));
    after.push_back(std::max<int64_t>(h, 0));
  }
  Term cut = slice(x, starts, sizes, ones);
  bool none = llvm::all_of(before, [](int64_t p) { return p == 0; }) && llvm::all_of(after, [](int64_t p) { return p == 0; });
  return none ? cut : cut.make<PadOp>(splat(*x.site, x.element(), {}, 0).value, before, after);
}
Term sum(Term x, ArrayRef<int64_t> dims) { return dims.empty() ? x : x.make<ReduceOp>(ReduceKind::Add, dims); }

Term contract(Term x, Term y, const ProductLabels &labels) { return x.make<ContractOp>(y.value, labels.print()); }
} // namespace kiln
