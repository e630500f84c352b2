// pool: result[i] = fold over k of x[i*stride + k*dilation - low], the identity outside.
#include "compiler/lower/Emitter.h"

using namespace mlir;
using namespace kiln;

LogicalResult PoolOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  for (ArrayRef<int64_t> a :
       {adaptor.getWindow(), adaptor.getStrides(), adaptor.getLow(), adaptor.getHigh(), adaptor.getDilation()})
    if (static_cast<int64_t>(a.size()) != x.getRank())
      return emitOptionalError(location, "needs window, strides, padding and dilation for each of ", x.getRank(), " dimensions");
  SmallVector<int64_t> shape;
  for (int64_t d = 0; d < x.getRank(); ++d) {
    int64_t reach = (adaptor.getWindow()[d] - 1) * adaptor.getDilation()[d] + 1,
            room = x.getDimSize(d) + adaptor.getLow()[d] + adaptor.getHigh()[d];
    if (adaptor.getWindow()[d] < 1 || adaptor.getStrides()[d] < 1 || adaptor.getDilation()[d] < 1 || reach > room)
      return emitOptionalError(location, "a window of ", reach, " does not fit the padded extent ", room, " of dimension ", d);
    shape.push_back((room - reach) / adaptor.getStrides()[d] + 1);
  }
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

LogicalResult PoolOp::verify() { return success(); }

Halide::Expr PoolOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  Halide::Type type = lower::halideType(cast<ShapedType>(getType()).getElementType());
  lower::Reduction reduction;
  SmallVector<int64_t> windowed;
  for (auto [d, k] : llvm::enumerate(getWindow()))
    if (k > 1) {
      windowed.push_back(d);
      reduction.extents.push_back(k);
      reduction.names.push_back("k" + std::to_string(d));
    }
  reduction.init = {lower::identity(getKind(), type)};
  reduction.step = [&](lower::At to, lower::At r, const lower::Exprs &sum) -> lower::Exprs {
    lower::Indices from;
    for (auto [d, i] : llvm::enumerate(to))
      from.push_back(i * getStrides()[d] - getLow()[d]);
    for (auto [i, d] : llvm::enumerate(windowed))
      from[d] = from[d] + r[i] * getDilation()[d];
    return {lower::combine(getKind(), sum[0], emitter.padded(getX(), from, lower::identity(getKind(), type)))};
  };
  return emitter.reduce(*this, at, reduction)[0];
}
