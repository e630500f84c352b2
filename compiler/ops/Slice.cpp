// slice: result[i] = x[starts + i * steps].
#include "compiler/dialect/Term.h"
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

// Neighbours in memory: one element of every dimension before the one that is cut, all of those after it.
std::optional<int64_t> SliceOp::viewStart() {
  Shape shape = shapeOf(getX().getType());
  int64_t start = 0, stride = 1;
  bool cut = false;
  for (size_t d = shape.size(); d-- > 0;) {
    int64_t size = getSizes()[d];
    if (size == 0 || (size > 1 && (cut || getSteps()[d] != 1)))
      return std::nullopt;
    cut |= size != shape[d];
    start += getStarts()[d] * stride;
    stride *= shape[d];
  }
  return start;
}

Halide::Expr SliceOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  lower::Indices from;
  for (auto [d, i] : llvm::enumerate(at))
    from.push_back(i * getSteps()[d] + getStarts()[d]);
  return emitter.value(getX(), from);
}

// Every element goes back to where it was read; the others have none. A step s spreads by [n] -> [n, 1] -> zeros to [n, s] -> [n * s].
void SliceOp::gradient(Gradient &d) {
  Term g = d.cotangent();
  SmallVector<int64_t> starts, steps(getSteps()), low, high;
  for (auto [i, step] : llvm::enumerate(steps))
    starts.push_back(step < 0 ? g.shape()[i] - 1 : 0);
  SmallVector<int64_t> turn;
  for (int64_t step : steps)
    turn.push_back(step < 0 ? -1 : 1);
  g = slice(g, starts, g.shape(), turn);
  for (int64_t i = 0, rank = g.rank(); i < rank; ++i) {
    int64_t step = std::abs(steps[i]), size = g.shape()[i], extent = d.operand(0).shape()[i];
    if (step > 1) {
      SmallVector<int64_t> split(g.shape()), none(rank + 1, 0), after(rank + 1, 0), joined(g.shape());
      split.insert(split.begin() + i + 1, 1);
      after[i + 1] = step - 1;
      joined[i] = size * step;
      g = reshape(pad(reshape(g, split), none, after), joined);
    }
    low.push_back(steps[i] < 0 ? getStarts()[i] - (size - 1) * step : getStarts()[i]);
    high.push_back(extent - low.back() - size * step);
  }
  d.set(0, pad(g, low, high));
}
