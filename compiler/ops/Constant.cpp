// constant: a literal at every coordinate. iota: the coordinate itself.
#include "compiler/lower/Emitter.h"
#include "compiler/lower/Math.h"

using namespace mlir;
using namespace kiln;

Halide::Expr ConstantOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  auto type = cast<RankedTensorType>(getType());
  auto dense = cast<DenseElementsAttr>(getValue());
  auto element = [&](int64_t i) { return lower::literal(type.getElementType(), dense.getValues<Attribute>()[i]); };
  if (dense.isSplat())
    return lower::literal(type.getElementType(), dense.getSplatValue<Attribute>());
  // A chain of selects over the flat index: constants that reach a kernel are small (large ones are parameters).
  lower::Index flat(0);
  for (int64_t d = 0, rank = type.getRank(); d < rank; ++d)
    flat = flat * type.getDimSize(d) + at[d];
  if (flat.isConstant())
    return element(flat.constant);
  Halide::Expr position = emitter.expr(flat), result = element(0);
  for (int64_t i = 1; i < type.getNumElements(); ++i)
    result = Halide::select(position == static_cast<int>(i), element(i), result);
  return result;
}

LogicalResult IotaOp::verify() {
  int64_t rank = cast<RankedTensorType>(getType()).getRank(), dim = static_cast<int64_t>(getDim());
  return dim >= 0 && dim < rank ? success() : emitOpError("needs a dim below ") << rank << ", found " << dim;
}

Halide::Expr IotaOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  return math::cast(lower::halideType(cast<RankedTensorType>(getType()).getElementType()), emitter.expr(at[getDim()]));
}
