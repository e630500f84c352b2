// gather, take_along: reads at coordinates that are data. The program refuses indices out of range before the launch; the kernel clamps,
// so that even a wrong one reads inside the tensor.
#include "compiler/dialect/Term.h"
#include "compiler/lower/Emitter.h"

using namespace mlir;
using namespace kiln;

namespace {
lower::Index clamped(lower::Emitter &emitter, Halide::Expr index, int64_t extent) {
  // The comparison is made in the index's own type: an int64 must not wrap on its way to int32.
  Halide::Expr limit = Halide::Internal::make_const(index.type(), extent);
  if (!index.type().is_uint())
    index = Halide::select(index < 0, index + limit, index);
  index = Halide::clamp(index, Halide::Internal::make_zero(index.type()), limit - 1);
  return lower::Index::of(Halide::cast<int>(index));
}
} // namespace

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType()), indices = cast<RankedTensorType>(adaptor.getIndices().getType());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= x.getRank())
    return emitOptionalError(location, "axis ", axis, " is none of ", x.getRank(), " dimensions");
  SmallVector<int64_t> shape(x.getShape().take_front(axis));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, x.getShape().drop_front(axis + 1));
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

LogicalResult GatherOp::verify() {
  // Verified before the result's type is inferred: nothing can be taken for granted yet.
  int64_t axis = getAxis(), rank = cast<ShapedType>(getX().getType()).getRank();
  if (axis < 0 || axis >= rank)
    return emitOpError("axis ") << axis << " is none of " << rank << " dimensions";
  return cast<ShapedType>(getX().getType()).getDimSize(getAxis()) ? success() : emitOpError("gathers from an empty dimension");
}

Halide::Expr GatherOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  int64_t axis = getAxis(), count = cast<RankedTensorType>(getIndices().getType()).getRank();
  Halide::Expr index = emitter.value(getIndices(), at.slice(axis, count));
  lower::Indices from(at.begin(), at.begin() + axis);
  from.push_back(clamped(emitter, index, cast<ShapedType>(getX().getType()).getDimSize(axis)));
  from.insert(from.end(), at.begin() + axis + count, at.end());
  return emitter.value(getX(), from);
}

LogicalResult TakeAlongOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(cast<ShapedType>(adaptor.getIndices().getType()).getShape(),
                                        cast<ShapedType>(adaptor.getX().getType()).getElementType()));
  return success();
}

LogicalResult TakeAlongOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType()), indices = cast<RankedTensorType>(getIndices().getType());
  if (x.getRank() != indices.getRank() || static_cast<int64_t>(getAxis()) >= x.getRank() || !indices.getElementType().isInteger())
    return emitOpError("needs integer indices of the operand's rank and an axis inside it");
  for (int64_t d = 0; d < x.getRank(); ++d)
    if (d != static_cast<int64_t>(getAxis()) && indices.getDimSize(d) > x.getDimSize(d))
      return emitOpError("indices exceed the operand in dimension ") << d;
  return success();
}

Halide::Expr TakeAlongOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  Halide::Expr index = emitter.value(getIndices(), at);
  lower::Indices from(at.begin(), at.end());
  from[getAxis()] = clamped(emitter, index, cast<ShapedType>(getX().getType()).getDimSize(getAxis()));
  return emitter.value(getX(), from);
}

namespace {
// As the forward pass reads them: negative ones count from the end.
Term positive(Term indices, int64_t extent) {
  return select(less(indices, indices.like(0)), indices + static_cast<double>(extent), indices);
}

// The axis becomes the last dimension; what `wide` has in its place is repeated.
Term spread(Term t, int64_t axis, ArrayRef<int64_t> wide) {
  SmallVector<int64_t> perm, kept;
  for (int64_t i = 0; i < t.rank(); ++i)
    if (i != axis)
      perm.push_back(i);
  kept = perm;
  perm.push_back(axis);
  kept.push_back(t.rank());
  return broadcast(transpose(t, perm), kept, wide);
}
} // namespace

// x[v] receives all results that read it: for every v the sum over positions p of (indices[p] == v) * g[p]. As a product with a table of ones
// and zeros it runs at a product's speed (zoo:bigram: 9.5 -> 2.5 ms of a step); where that table is too large, each v looks at every p.
void GatherOp::gradient(Gradient &d) {
  constexpr int64_t largestTable = int64_t(1) << 24;
  Term g = d.cotangent(), x = d.operand(0), indices = d.operand(1);
  int64_t axis = getAxis(), count = indices.rank(), extent = x.shape()[axis];
  int64_t positions = indices.type().getNumElements();
  SmallVector<int64_t> flat(g.shape().take_front(axis));
  flat.push_back(positions);
  llvm::append_range(flat, g.shape().drop_front(axis + count));
  Term lines = reshape(g, flat);
  Term read = reshape(convert(positive(indices, extent), IntegerType::get(getContext(), 32)), {positions});
  if (positions * extent <= largestTable) {
    SmallVector<int64_t> table{positions, extent};
    Term ones = convert(equal(broadcast(read, {0}, table), iota(d.where(), table, 1)), g.type().getElementType());
    std::string from, to;
    for (int64_t i = 0; i < x.rank(); ++i) {
      char letter = static_cast<char>('A' + i);
      from += i == axis ? 'p' : letter;
      to += i == axis ? 'v' : letter;
    }
    return d.set(0, contract(ones, lines, {"pv", from, to, ""}));
  }
  // g as [before..., v, after..., positions], so that the sum is over the last dimension.
  SmallVector<int64_t> wide(x.shape());
  int64_t last = static_cast<int64_t>(wide.size());
  wide.push_back(positions);
  Term here = equal(broadcast(read, {last}, wide), iota(d.where(), wide, axis));
  d.set(0, sum(select(here, spread(lines, axis, wide), 0), {last}));
}

// The same along one axis, each line by its own indices.
void TakeAlongOp::gradient(Gradient &d) {
  Term g = d.cotangent(), x = d.operand(0), indices = d.operand(1);
  int64_t axis = getAxis(), last = x.rank(), extent = x.shape()[axis], positions = g.shape()[axis];
  SmallVector<int64_t> wide(g.shape()), low(x.rank(), 0), high;
  wide[axis] = extent;
  wide.push_back(positions);
  Term read = convert(positive(indices, extent), IntegerType::get(getContext(), 32));
  Term all = sum(select(equal(spread(read, axis, wide), iota(d.where(), wide, axis)), spread(g, axis, wide), 0), {last});
  for (int64_t i = 0; i < last; ++i) // indices may be shorter than x in the other dimensions
    high.push_back(x.shape()[i] - all.shape()[i]);
  d.set(0, pad(all, low, high));
}
