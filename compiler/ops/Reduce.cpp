// reduce, arg_reduce, cumulative: folds along dimensions.
#include "compiler/dialect/Term.h"
#include "compiler/lower/Emitter.h"
#include "compiler/lower/Math.h"

using namespace mlir;
using namespace kiln;

namespace {
SmallVector<int64_t> without(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> result;
  for (auto [d, extent] : llvm::enumerate(shape))
    if (!llvm::is_contained(dims, static_cast<int64_t>(d)))
      result.push_back(extent);
  return result;
}
LogicalResult verifyDims(Operation *op, ArrayRef<int64_t> dims, int64_t rank) {
  for (auto [i, d] : llvm::enumerate(dims))
    if (d < 0 || d >= rank || (i && d <= dims[i - 1]))
      return op->emitOpError("needs increasing dimensions below ") << rank << ", found " << d;
  return success();
}
// The operand's coordinate from the result's and the reduction's.
lower::Indices merge(lower::At at, lower::At r, ArrayRef<int64_t> dims, int64_t rank) {
  lower::Indices from;
  size_t kept = 0, reduced = 0;
  for (int64_t d = 0; d < rank; ++d)
    from.push_back(llvm::is_contained(dims, d) ? r[reduced++] : at[kept++]);
  return from;
}
lower::Reduction along(RankedTensorType x, ArrayRef<int64_t> dims) {
  lower::Reduction reduction;
  for (int64_t d : dims) {
    reduction.extents.push_back(x.getDimSize(d));
    reduction.names.push_back("r" + std::to_string(d));
  }
  return reduction;
}
} // namespace

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  types.push_back(RankedTensorType::get(without(x.getShape(), adaptor.getDims()), x.getElementType()));
  return success();
}
LogicalResult ReduceOp::verify() { return verifyDims(*this, getDims(), cast<RankedTensorType>(getX().getType()).getRank()); }

Halide::Expr ReduceOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  auto x = cast<RankedTensorType>(getX().getType());
  lower::Reduction reduction = along(x, getDims());
  reduction.init = lower::start(getKind(), lower::halideType(x.getElementType()));
  reduction.step = [&](lower::At to, lower::At r, const lower::Exprs &sum) {
    return lower::combine(getKind(), sum, lower::only(getKind(), emitter.value(getX(), merge(to, r, getDims(), x.getRank()))));
  };
  return lower::total(getKind(), emitter.reduce(*this, at, reduction));
}

LogicalResult ArgReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  types.push_back(
      RankedTensorType::get(without(x.getShape(), static_cast<int64_t>(adaptor.getDim())), IntegerType::get(context, 64)));
  return success();
}
LogicalResult ArgReduceOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType());
  if (getKind() != ReduceKind::Max && getKind() != ReduceKind::Min)
    return emitOpError("needs kind max or min");
  if (failed(verifyDims(*this, static_cast<int64_t>(getDim()), x.getRank())))
    return failure();
  return x.getDimSize(getDim()) ? success() : emitOpError("has no index in an empty dimension");
}

// Accumulators (best value, its index); a later element replaces the best when it is better (or equal, with `last`). NaN is better than any
// number and equal to itself, as numpy has it.
Halide::Expr ArgReduceOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  auto x = cast<RankedTensorType>(getX().getType());
  int64_t dim = getDim();
  lower::Reduction reduction = along(x, dim);
  reduction.init = {lower::identity(getKind(), lower::halideType(x.getElementType())), Halide::cast<int64_t>(-1)};
  reduction.step = [&, dim](lower::At to, lower::At r, const lower::Exprs &best) -> lower::Exprs {
    Halide::Expr v = emitter.value(getX(), merge(to, r, dim, x.getRank()));
    Halide::Expr better = getKind() == ReduceKind::Max ? math::lt(best[0], v) : math::lt(v, best[0]);
    better = (better || math::isNan(v)) && !math::isNan(best[0]);
    if (getLast())
      better = better || math::eq(best[0], v) || math::isNan(v);
    better = better || best[1] < Halide::cast<int64_t>(0);
    return {Halide::select(better, v, best[0]), Halide::select(better, Halide::cast<int64_t>(emitter.expr(r[0])), best[1])};
  };
  return emitter.reduce(*this, at, reduction)[1];
}

LogicalResult CumulativeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  types.push_back(withoutLayout(adaptor.getX().getType()));
  return success();
}
LogicalResult CumulativeOp::verify() {
  return verifyDims(*this, static_cast<int64_t>(getDim()), cast<RankedTensorType>(getX().getType()).getRank());
}

// Each result element sums its own prefix: quadratic, but parallel and without state; the extents met in models are short.
Halide::Expr CumulativeOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  auto x = cast<RankedTensorType>(getX().getType());
  int64_t dim = getDim();
  lower::Reduction reduction = along(x, dim);
  reduction.init = lower::start(ReduceKind::Add, lower::halideType(x.getElementType()));
  reduction.step = [&, dim](lower::At to, lower::At r, const lower::Exprs &sum) -> lower::Exprs {
    lower::Indices from(to.begin(), to.end());
    Halide::Expr here = emitter.expr(to[dim]), there = emitter.expr(r[0]);
    from[dim] = r[0];
    Halide::Expr counts =
        getReverse() ? (getExclusive() ? there > here : there >= here) : (getExclusive() ? there < here : there <= here);
    return {Halide::select(counts, math::add(sum[0], emitter.value(getX(), from)), sum[0])};
  };
  return emitter.reduce(*this, at, reduction)[0];
}

namespace {
// The reduced dimensions moved to the end and made one: [kept..., n].
Term rows(Term x, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> perm, shape = without(x.shape(), dims);
  int64_t n = 1;
  for (int64_t d = 0; d < x.rank(); ++d)
    if (!llvm::is_contained(dims, d))
      perm.push_back(d);
  for (int64_t d : dims) {
    perm.push_back(d);
    n *= x.shape()[d];
  }
  shape.push_back(n);
  return reshape(transpose(x, perm), shape);
}
// The inverse of rows.
Term unrows(Term r, ArrayRef<int64_t> to, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> moved = without(to, dims), back(to.size());
  int64_t kept = 0, reduced = static_cast<int64_t>(moved.size());
  for (int64_t d : dims)
    moved.push_back(to[d]);
  for (int64_t d = 0; d < static_cast<int64_t>(to.size()); ++d)
    back[d] = llvm::is_contained(dims, d) ? reduced++ : kept++;
  return transpose(reshape(r, moved), back);
}
SmallVector<int64_t> upTo(int64_t n) {
  SmallVector<int64_t> result;
  for (int64_t i = 0; i < n; ++i)
    result.push_back(i);
  return result;
}
} // namespace

void ReduceOp::gradient(Gradient &d) {
  Term g = d.cotangent(), x = d.operand(0);
  SmallVector<int64_t> kept;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (!llvm::is_contained(getDims(), i))
      kept.push_back(i);
  if (getKind() == ReduceKind::Add)
    return d.set(0, broadcast(g, kept, x.shape()));
  Term r = rows(x, getDims());
  SmallVector<int64_t> all = upTo(r.rank() - 1);
  int64_t last = r.rank() - 1;
  if (getKind() != ReduceKind::Mul) { // the whole cotangent goes to the first extreme
    Term first = convert(r.make<ArgReduceOp>(getKind(), last, false), IntegerType::get(getContext(), 32));
    Term chosen = equal(broadcast(first, all, r.shape()), iota(d.where(), r.shape(), last));
    return d.set(0, unrows(select(chosen, broadcast(g, all, r.shape()), 0), x.shape(), getDims()));
  }
  // The product of all the others, without a division, so that zeros and second derivatives are right: [kept..., i, j] with 1 where i = j.
  SmallVector<int64_t> wide(r.shape()), columns = all;
  wide.push_back(r.shape()[last]);
  columns.push_back(last + 1);
  Term self = equal(iota(d.where(), wide, last), iota(d.where(), wide, last + 1));
  Term others = select(self, 1, broadcast(r, columns, wide)).make<ReduceOp>(ReduceKind::Mul, ArrayRef<int64_t>(last + 1));
  d.set(0, unrows(broadcast(g, all, r.shape()) * others, x.shape(), getDims()));
}

// A sum over prefixes turns into one over suffixes.
void CumulativeOp::gradient(Gradient &d) { d.set(0, d.cotangent().make<CumulativeOp>(getDim(), getExclusive(), !getReverse())); }
