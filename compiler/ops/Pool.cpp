// pool: result[i] = fold over k of x[i*stride + k*dilation - low], the identity outside.
#include "compiler/ops/Pool.h"
#include "compiler/lower/Emitter.h"

using namespace mlir;
using namespace kiln;

LogicalResult kiln::inferPool(std::optional<Location> location, ArrayRef<int64_t> extents, const PoolWindows &windows,
                              SmallVectorImpl<int64_t> &shape) {
  size_t rank = extents.size();
  for (ArrayRef<int64_t> a : {windows.window, windows.strides, windows.low, windows.high, windows.dilation})
    if (a.size() != rank)
      return emitOptionalError(location, "needs window, strides, padding and dilation for each of ", rank, " dimensions");
  for (size_t d = 0; d < rank; ++d) {
    int64_t reach = (windows.window[d] - 1) * windows.dilation[d] + 1, room = extents[d] + windows.low[d] + windows.high[d];
    if (windows.window[d] < 1 || windows.strides[d] < 1 || windows.dilation[d] < 1 || reach > room)
      return emitOptionalError(location, "a window of ", reach, " does not fit the padded extent ", room, " of dimension ", d);
    shape.push_back((room - reach) / windows.strides[d] + 1);
  }
  return success();
}

LogicalResult PoolOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  SmallVector<int64_t> shape;
  if (failed(inferPool(location, x.getShape(), windowsOf(adaptor), shape)))
    return failure();
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

LogicalResult PoolOp::verify() { return getKind() == ReduceKind::Mul ? emitOpError("needs kind add, max or min") : success(); }

// A window of rows and columns is a reduction over its columns (along its last dimension); the few elements of one column are written out. Windows that lie
// side by side in a tile share their columns then: a 3x3 maximum costs 4 operations an element instead of 8.
Halide::Expr PoolOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  constexpr int64_t longestColumn = 9;
  Halide::Type type = lower::halideType(cast<ShapedType>(getType()).getElementType());
  lower::Reduction reduction;
  SmallVector<int64_t> column, windowed;
  int64_t height = 1;
  for (auto [d, k] : llvm::enumerate(getWindow()))
    if (k > 1) {
      windowed.push_back(d);
      height *= k;
    }
  if (!windowed.empty() && height / getWindow()[windowed.back()] <= longestColumn) {
    height /= getWindow()[windowed.back()];
    column.assign(windowed.begin(), windowed.end() - 1);
    windowed.erase(windowed.begin(), windowed.end() - 1);
  } else {
    height = 1;
  }
  for (int64_t d : windowed) {
    reduction.extents.push_back(getWindow()[d]);
    reduction.names.push_back("k" + std::to_string(d));
  }
  reduction.elements = height;
  reduction.init = lower::start(getKind(), type);
  reduction.step = [&](lower::At to, lower::At r, const lower::Exprs &sum) {
    lower::Indices from;
    for (auto [d, i] : llvm::enumerate(to))
      from.push_back(i * getStrides()[d] - getLow()[d]);
    for (auto [i, d] : llvm::enumerate(windowed))
      from[d] = from[d] + r[i] * getDilation()[d];
    lower::Exprs whole;
    for (int64_t tap = 0; tap < height; ++tap) {
      lower::Indices here = from;
      int64_t rest = tap;
      for (int64_t d : llvm::reverse(column)) {
        here[d] = here[d] + emitter.tap(rest % getWindow()[d], getWindow()[d]) * getDilation()[d];
        rest /= getWindow()[d];
      }
      lower::Exprs one = lower::only(getKind(), emitter.padded(getX(), here, lower::identity(getKind(), type)));
      whole = whole.empty() ? one : lower::combine(getKind(), whole, one);
    }
    return lower::combine(getKind(), sum, whole);
  };
  return lower::total(getKind(), emitter.reduce(*this, at, reduction));
}
