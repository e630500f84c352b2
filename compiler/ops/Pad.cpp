// pad: x inside, the value outside.
#include "compiler/dialect/Term.h"
#include "compiler/lower/Emitter.h"

using namespace mlir;
using namespace kiln;

LogicalResult PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  if (static_cast<int64_t>(adaptor.getLow().size()) != x.getRank() || static_cast<int64_t>(adaptor.getHigh().size()) != x.getRank())
    return emitOptionalError(location, "needs low and high padding for each of ", x.getRank(), " dimensions");
  SmallVector<int64_t> shape(x.getShape());
  for (auto [d, extent] : llvm::enumerate(shape))
    extent += adaptor.getLow()[d] + adaptor.getHigh()[d];
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

LogicalResult PadOp::verify() {
  for (int64_t p : llvm::concat<const int64_t>(getLow(), getHigh()))
    if (p < 0)
      return emitOpError("negative padding is a slice, found ") << p;
  if (cast<ShapedType>(getValue().getType()).getNumElements() != 1)
    return emitOpError("the value must have one element");
  if (Type x = cast<ShapedType>(getX().getType()).getElementType(), v = cast<ShapedType>(getValue().getType()).getElementType();
      x != v)
    return emitOpError("needs a value of the operand's element type, found ") << v << " and " << x;
  return success();
}

Halide::Expr PadOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  lower::Indices from, zero(cast<ShapedType>(getValue().getType()).getRank());
  for (auto [d, i] : llvm::enumerate(at))
    from.push_back(i - getLow()[d]);
  return emitter.padded(getX(), from, emitter.value(getValue(), zero));
}

void PadOp::gradient(Gradient &d) {
  Term g = d.cotangent();
  SmallVector<int64_t> all, ones(g.rank(), 1);
  for (int64_t i = 0; i < g.rank(); ++i)
    all.push_back(i);
  Term inside = slice(g, getLow(), d.operand(0).shape(), ones);
  d.set(0, inside);
  d.set(1, reshape(sum(g, all) - sum(inside, all), d.operand(1).shape()));
}
