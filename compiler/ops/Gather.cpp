// gather, take_along: reads at coordinates that are data. The program refuses indices out of range before the launch; the kernel clamps,
// so that even a wrong one reads inside the tensor.
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
  if (!cast<ShapedType>(getIndices().getType()).getElementType().isInteger())
    return emitOpError("indices must be integers");
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
