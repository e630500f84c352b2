// slice: result[i] = x[starts + i * steps].
#include "compiler/lower/Emitter.h"

using namespace mlir;
using namespace kiln;

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(adaptor.getSizes(), cast<ShapedType>(adaptor.getX().getType()).getElementType()));
  return success();
}

LogicalResult SliceOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType());
  size_t rank = x.getRank();
  if (getStarts().size() != rank || getSizes().size() != rank || getSteps().size() != rank)
    return emitOpError("needs starts, sizes and steps for each of ") << rank << " dimensions";
  for (size_t d = 0; d < rank; ++d) {
    int64_t first = getStarts()[d], size = getSizes()[d], last = first + (size - 1) * getSteps()[d], extent = x.getDimSize(d);
    if (size > 0 && (first < 0 || first >= extent || last < 0 || last >= extent))
      return emitOpError("reads ") << first << " to " << last << " of dimension " << d << " with extent " << extent;
  }
  return success();
}

Halide::Expr SliceOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  lower::Indices from;
  for (auto [d, i] : llvm::enumerate(at))
    from.push_back(i * getSteps()[d] + getStarts()[d]);
  return emitter.value(getX(), from);
}
