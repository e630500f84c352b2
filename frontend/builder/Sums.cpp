//===- Sums.cpp - the GraphBuilder's reductions, products and pools --------------------------------------------===//
#include "frontend/builder/GraphBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace kiln {

static Shape kept(Sizes sizes, Sizes dims, bool keep) {
  Shape shape;
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (!llvm::is_contained(dims, static_cast<int64_t>(dim)))
      shape.push_back(size);
    else if (keep)
      shape.push_back(1);
  return shape;
}

static double identity(ReduceKind kind, Type element) {
  bool isFloat = isa<FloatType>(element);
  unsigned bits = element.getIntOrFloatBitWidth();
  bool isSigned = !element.isUnsignedInteger() && bits > 1;
  switch (kind) {
  case ReduceKind::Add:
    return 0;
  case ReduceKind::Mul:
    return 1;
  case ReduceKind::Max:
    return isFloat ? -std::numeric_limits<double>::infinity() : isSigned ? -std::ldexp(1.0, static_cast<int>(bits) - 1) : 0;
  case ReduceKind::Min:
    if (isFloat)
      return std::numeric_limits<double>::infinity();
    break;
  }
  throw BuildError{"the minimum of no integers has no value"};
}

Value GraphBuilder::reduce(Value x, ReduceKind kind, Sizes dims, bool keep) {
  Shape shape = kept(sizesOf(x), dims, keep), sorted(dims.begin(), dims.end());
  llvm::sort(sorted);
  if (dims.empty())
    return x;
  if (countOf(x) == 0)
    return splat(elementOf(x), shape, identity(kind, elementOf(x)));
  bool sums = kind == ReduceKind::Add || kind == ReduceKind::Mul;
  Value wide = sums ? widened(x) : x;
  return reshape(cast(emit<ReduceOp>(wide, kind, sorted), elementOf(x)), shape);
}

Value GraphBuilder::mean(Value x, Sizes dims, bool keep) {
  double count = 1;
  for (int64_t dim : dims)
    count *= static_cast<double>(sizesOf(x)[dim]);
  Value wide = widened(x);
  return cast(divide(reduce(wide, ReduceKind::Add, dims, keep), count), elementOf(x));
}

Value GraphBuilder::argReduce(Value x, ReduceKind kind, int64_t dim, bool last, bool keep) {
  if (sizesOf(x)[dim] == 0)
    throw BuildError{"dimension " + std::to_string(dim) + " of " + shapeText(x) + " is empty: it has no extreme"};
  Shape shape = kept(sizesOf(x), dim, keep);
  return reshape(emit<ArgReduceOp>(x, kind, dim, last), shape);
}

Value GraphBuilder::cumulative(Value x, int64_t dim, bool exclusive, bool reverse) {
  return cast(emit<CumulativeOp>(widened(x), dim, exclusive, reverse), elementOf(x));
}

/// exp(x - max) / sum(exp(x - max)); the maximum has no part in the derivative.
Value GraphBuilder::softmax(Value x, Sizes dims) {
  Value wide = widened(x);
  Value e = map<ExpOp>(map<SubOp>(wide, detach(reduce(wide, ReduceKind::Max, dims, true))));
  return cast(map<DivOp>(e, reduce(e, ReduceKind::Add, dims, true)), elementOf(x));
}

static void checkLabels(Value lhs, Value rhs, const std::string &labels, StringRef spatial) {
  if (elementOf(lhs) != elementOf(rhs))
    throw BuildError{"its operands are " + shapeText(lhs) + " and " + shapeText(rhs) + ", expected one element type"};
  auto parsed = ProductLabels::parse(labels, spatial);
  if (!parsed || static_cast<int64_t>(parsed->lhs.size()) != rankOf(lhs) || static_cast<int64_t>(parsed->rhs.size()) != rankOf(rhs))
    throw BuildError{"labels " + labels + " do not fit " + shapeText(lhs) + " and " + shapeText(rhs)};
  for (auto [letter, size] : llvm::zip(parsed->lhs, sizesOf(lhs))) {
    size_t other = parsed->rhs.find(letter);
    if (spatial.contains(letter) || other == std::string::npos || sizesOf(rhs)[other] == size)
      continue;
    throw BuildError{"its operands " + shapeText(lhs) + " and " + shapeText(rhs) + " disagree: " + std::to_string(size) + " and " +
                     std::to_string(sizesOf(rhs)[other])};
  }
}

Value GraphBuilder::contract(Value lhs, Value rhs, const std::string &labels) {
  checkLabels(lhs, rhs, labels, "");
  Type element = elementOf(lhs);
  auto empty = [](Value x) { return countOf(x) == 0; };
  auto op = ops.create<ContractOp>(location, widened(lhs), widened(rhs), labels);
  if (!empty(lhs) && !empty(rhs))
    return cast(settle(op), element);
  Shape shape = shapeOf(op.getType());
  op->erase();
  return splat(element, shape, 0);
}

Value GraphBuilder::window(Value lhs, Value rhs, const std::string &labels, const std::string &spatial, const Windows &windows) {
  checkLabels(lhs, rhs, labels, spatial);
  auto parsed = *ProductLabels::parse(labels, spatial);
  for (auto [i, letter] : llvm::enumerate(spatial)) {
    int64_t image = sizesOf(lhs)[parsed.lhs.find(letter)], kernel = sizesOf(rhs)[parsed.rhs.find(letter)];
    int64_t room = (image - 1) * windows.lhsDilation[i] + 1 + windows.low[i] + windows.high[i];
    int64_t reach = (kernel - 1) * windows.dilation[i] + 1;
    if (windows.strides[i] < 1 || windows.dilation[i] < 1 || windows.lhsDilation[i] < 1)
      throw BuildError{"strides and dilations must be positive, found " + sizesText(windows.strides) + " and " +
                       sizesText(windows.dilation)};
    if (kernel < 1 || image < 1 || reach > room)
      throw BuildError{"a kernel that reaches over " + std::to_string(reach) + " does not fit the padded size " +
                       std::to_string(room)};
  }
  Type element = elementOf(lhs);
  return cast(emit<WindowOp>(widened(lhs), widened(rhs), labels, spatial, windows.strides, windows.low, windows.high,
                             windows.lhsDilation, windows.dilation),
              element);
}

/// Batch dimensions of extent 1 on one side get no letter there, so that nothing is broadcast in memory: [1,m,k] x [b,k,n] is
/// "mk,bkn->bmn".
Value GraphBuilder::matmul(Value lhs, Value rhs) {
  if (!rankOf(lhs) || !rankOf(rhs))
    throw BuildError{"its operands are " + shapeText(lhs) + " and " + shapeText(rhs) + ", expected at least one dimension each"};
  int64_t inner = sizesOf(lhs).back(), other = sizesOf(rhs)[std::max<int64_t>(rankOf(rhs) - 2, 0)];
  if (inner != other)
    throw BuildError{"its operands " + shapeText(lhs) + " and " + shapeText(rhs) +
                     " disagree on the inner dimension: " + std::to_string(inner) + " and " + std::to_string(other)};
  bool isRow = rankOf(lhs) == 1, isColumn = rankOf(rhs) == 1;
  Sizes batchL = sizesOf(lhs).drop_back(isRow ? 1 : 2), batchR = sizesOf(rhs).drop_back(isColumn ? 1 : 2);
  Shape batch = broadcastShape(batchL, batchR);
  if (batch.size() > 48)
    throw BuildError{"its operands have " + std::to_string(batch.size()) + " batch dimensions, expected at most 48"};
  std::string letters, left, right; // no k, m, n among the batch letters
  for (char c = 'A'; letters.size() < batch.size(); ++c)
    if (isalpha(c) && c != 'k' && c != 'm' && c != 'n')
      letters += c;
  auto side = [&](Value &x, size_t own, std::string &names) {
    Shape shape;
    for (size_t i = 0; i < own; ++i) {
      size_t at = batch.size() - own + i;
      if (sizesOf(x)[i] == 1 && batch[at] != 1)
        continue;
      shape.push_back(sizesOf(x)[i]);
      names += letters[at];
    }
    shape.insert(shape.end(), sizesOf(x).begin() + own, sizesOf(x).end());
    x = reshape(x, shape);
  };
  side(lhs, batchL.size(), left);
  side(rhs, batchR.size(), right);
  std::string labels = left + (isRow ? "k" : "mk") + "," + right + (isColumn ? "k" : "kn") + "->" + letters + (isRow ? "" : "m") +
                       (isColumn ? "" : "n");
  return contract(lhs, rhs, labels);
}

Value GraphBuilder::pool(Value x, ReduceKind kind, const Pool &pool) {
  for (int64_t dim = 0; dim < rankOf(x); ++dim) {
    int64_t reach = (pool.window[dim] - 1) * pool.dilation[dim] + 1, room = sizesOf(x)[dim] + pool.low[dim] + pool.high[dim];
    if (pool.window[dim] < 1 || pool.strides[dim] < 1 || pool.dilation[dim] < 1)
      throw BuildError{"window, strides and dilations must be positive, found " + sizesText(pool.window) + ", " +
                       sizesText(pool.strides) + " and " + sizesText(pool.dilation)};
    if (reach > room)
      throw BuildError{"a window of " + std::to_string(reach) + " does not fit the padded size " + std::to_string(room) +
                       " of dimension " + std::to_string(dim) + " of " + shapeText(x)};
  }
  bool sums = kind == ReduceKind::Add || kind == ReduceKind::Mul;
  return cast(emit<PoolOp>(sums ? widened(x) : x, kind, pool.window, pool.strides, pool.low, pool.high, pool.dilation),
              elementOf(x));
}

} // namespace kiln
