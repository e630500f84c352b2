//===- Moves.cpp - the GraphBuilder's moves --------------------------------------------------------------------===//
#include "frontend/builder/GraphBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace mlir;

namespace kiln {

Value GraphBuilder::emitBroadcast(Value x, Sizes dims, Sizes shape) {
  auto value = known(x);
  bool folds = !value || value->isSplat() || (isa<IntegerType>(elementOf(x)) && !elementOf(x).isInteger(1));
  if (folds || countOf(x) == 0 || llvm::is_contained(shape, 0))
    return emit<BroadcastOp>(x, dims, shape);
  checkElements(shape);
  return ops.create<BroadcastOp>(location, x, dims, shape);
}

Value GraphBuilder::broadcast(Value x, Sizes shape) {
  Sizes from = sizesOf(x);
  if (from == shape)
    return x;
  if (from.size() > shape.size() || broadcastShape(from, shape) != Shape(shape.begin(), shape.end()))
    throw BuildError{"shape " + sizesText(from) + " cannot be broadcast to " + sizesText(shape)};
  Shape dims(from.size());
  std::iota(dims.begin(), dims.end(), shape.size() - from.size());
  // broadcast(reshape(x)) that only put in dimensions of 1 (what a reduction kept) -> broadcast(x).
  if (auto reshape = x.getDefiningOp<ReshapeOp>()) {
    Shape kept;
    Sizes inner = sizesOf(reshape.getX());
    for (size_t i = 0, next = 0; i < from.size() && next <= inner.size(); ++i)
      if (next < inner.size() && from[i] == inner[next]) {
        kept.push_back(dims[i]);
        ++next;
      } else if (from[i] != 1) {
        break;
      }
    if (kept.size() == inner.size() && countOf(reshape.getX()) == countOf(x))
      return emitBroadcast(reshape.getX(), kept, shape);
  }
  return emitBroadcast(x, dims, shape);
}

Value GraphBuilder::spread(Value x, Sizes dims, Sizes shape) {
  for (auto [i, dim] : llvm::enumerate(dims))
    if (sizesOf(x)[i] != 1 && sizesOf(x)[i] != shape[dim])
      throw BuildError{"shape " + sizesText(sizesOf(x)) + " cannot lie along dimensions " + sizesText(dims) + " of " +
                       sizesText(shape)};
  Shape whole(rankOf(x));
  std::iota(whole.begin(), whole.end(), 0);
  return sizesOf(x) == shape && dims == Sizes(whole) ? x : emitBroadcast(x, dims, shape);
}

Value GraphBuilder::reshape(Value x, Sizes shape) {
  if (sizesOf(x) == shape)
    return x;
  int64_t count = 1;
  for (int64_t size : shape)
    if (__builtin_mul_overflow(count, size, &count))
      break;
  if (count != countOf(x))
    throw BuildError{"shape " + sizesText(sizesOf(x)) + " cannot be reshaped to " + sizesText(shape) +
                     ": the element counts differ"};
  return emit<ReshapeOp>(x, shape);
}

Value GraphBuilder::same(Value x) { return ops.create<ReshapeOp>(location, x, sizesOf(x)); }

Value GraphBuilder::unsqueeze(Value x, Sizes dims) {
  Shape shape(sizesOf(x).begin(), sizesOf(x).end());
  for (int64_t dim : dims)
    shape.insert(shape.begin() + dim, 1);
  return reshape(x, shape);
}

Value GraphBuilder::transpose(Value x, Sizes perm) {
  Shape seen(perm.begin(), perm.end()), straight(rankOf(x));
  llvm::sort(seen);
  std::iota(straight.begin(), straight.end(), 0);
  if (seen != straight)
    throw BuildError{"perm " + sizesText(perm) + " is no permutation of the " + std::to_string(rankOf(x)) + " dimensions of " +
                     shapeText(x)};
  return perm == Sizes(straight) ? x : emit<TransposeOp>(x, perm);
}

Value GraphBuilder::slice(Value x, int64_t dim, int64_t start, int64_t size, int64_t step) {
  if (start == 0 && step == 1 && size == sizesOf(x)[dim])
    return x;
  Shape starts(rankOf(x), 0), steps(rankOf(x), 1), sizes(sizesOf(x).begin(), sizesOf(x).end());
  int64_t last = start + (size - 1) * step;
  if (size > 0 && (start < 0 || last < 0 || start >= sizes[dim] || last >= sizes[dim]))
    throw BuildError{"a slice from " + std::to_string(start) + " to " + std::to_string(last) + " leaves dimension " +
                     std::to_string(dim) + " of " + shapeText(x)};
  starts[dim] = start;
  steps[dim] = step;
  sizes[dim] = size;
  return emit<SliceOp>(x, starts, sizes, steps);
}

Value GraphBuilder::pad(Value x, Value value, Sizes low, Sizes high) {
  Shape more[2];
  for (int64_t dim = 0; dim < rankOf(x); ++dim) {
    int64_t cutLow = std::max<int64_t>(-low[dim], 0), cutHigh = std::max<int64_t>(-high[dim], 0);
    more[0].push_back(std::max<int64_t>(low[dim], 0));
    more[1].push_back(std::max<int64_t>(high[dim], 0));
    int64_t left = sizesOf(x)[dim] - cutLow - cutHigh;
    if (left < 0)
      throw BuildError{"padding " + std::to_string(low[dim]) + " and " + std::to_string(high[dim]) + " cuts more than dimension " +
                       std::to_string(dim) + " of " + shapeText(x) + " has"};
    x = slice(x, dim, cutLow, left);
  }
  auto positive = [](int64_t size) { return size > 0; };
  if (llvm::none_of(more[0], positive) && llvm::none_of(more[1], positive))
    return x;
  Shape shape(sizesOf(x).begin(), sizesOf(x).end());
  for (size_t dim = 0; dim < shape.size(); ++dim)
    if (__builtin_add_overflow(shape[dim], more[0][dim], &shape[dim]) ||
        __builtin_add_overflow(shape[dim], more[1][dim], &shape[dim]))
      throw BuildError{"padding of " + shapeText(x) + " makes more elements than can be counted"};
  if (countOf(x) == 0)
    return broadcast(reshape(value, {}), shape);
  return emit<PadOp>(x, value, more[0], more[1]);
}

Value GraphBuilder::concat(ArrayRef<Value> values, int64_t dim) {
  Sizes first = sizesOf(values.front());
  SmallVector<Value> filled; // the dialect's concat never meets an empty operand
  for (Value each : values) {
    Sizes sizes = sizesOf(each);
    bool fits = sizes.size() == first.size();
    for (size_t i = 0; fits && i < sizes.size(); ++i)
      fits = static_cast<int64_t>(i) == dim || sizes[i] == first[i];
    if (!fits || elementOf(each) != elementOf(values.front()))
      throw BuildError{shapeText(values.front()) + " and " + shapeText(each) + " cannot be concatenated along dimension " +
                       std::to_string(dim)};
    if (sizes[dim])
      filled.push_back(each);
  }
  if (filled.size() < 2)
    return filled.empty() ? values.front() : filled.front();
  return emit<ConcatOp>(filled, dim);
}

static void checkIndices(GraphBuilder &builder, Value x, Value indices, int64_t axis) {
  if (axis >= rankOf(x))
    throw BuildError{"it gathers along dimension " + std::to_string(axis) + " of " + shapeText(x)};
  int64_t limit = sizesOf(x)[axis];
  if (!isa<IntegerType>(elementOf(indices)) || elementOf(indices).isInteger(1))
    throw BuildError{"its indices are of type " + typeText(elementOf(indices)) + ", expected integers"};
  auto numbers = builder.knownIntegers(indices);
  for (int64_t index : numbers ? Sizes(*numbers) : Sizes())
    if (index < -limit || index >= limit)
      throw BuildError{"index " + std::to_string(index) + " is outside of " + std::to_string(-limit) + " to " +
                       std::to_string(limit - 1)};
  if (!limit && countOf(indices))
    throw BuildError{"it gathers from an empty dimension"};
}

Value GraphBuilder::gather(Value x, Value indices, int64_t axis) {
  checkIndices(*this, x, indices, axis);
  return emit<GatherOp>(x, indices, axis);
}

Value GraphBuilder::takeAlong(Value x, Value indices, int64_t axis) {
  checkIndices(*this, x, indices, axis);
  bool fits = rankOf(x) == rankOf(indices);
  for (int64_t dim = 0; fits && dim < rankOf(x); ++dim)
    fits = dim == axis || sizesOf(indices)[dim] <= sizesOf(x)[dim];
  if (!fits)
    throw BuildError{"indices of shape " + sizesText(sizesOf(indices)) + " do not fit " + shapeText(x) + " along axis " +
                     std::to_string(axis)};
  return emit<TakeAlongOp>(x, indices, axis);
}

} // namespace kiln
