// Parts.cpp - sums in parts: which dimension is cut, and how operands are read then.
//
// What a kernel would compute on the way to the sum stays in the kernel: elementwise ops are written again on the cut shape, down to what is
// in memory, where a cut is another view.
#include "compiler/dialect/Parts.h"
#include "compiler/dialect/Term.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace kiln {
namespace {
ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

/// The largest divisor up to `most`; 1: none.
int64_t divisor(int64_t extent, int64_t most) {
  for (int64_t parts = std::min(extent / 2, most); parts > 1; --parts)
    if (extent % parts == 0)
      return parts;
  return 1;
}

SmallVector<int64_t> cutShape(ArrayRef<int64_t> shape, int64_t dim, int64_t parts) {
  SmallVector<int64_t> cut(shape);
  cut[dim] /= parts;
  cut.insert(cut.begin() + dim, parts);
  return cut;
}

/// `v` with dimension `dim` as two; null where that would put more into memory than there is.
Value cut(OpBuilder &ops, Value v, int64_t dim, int64_t parts, int depth = 8) {
  SmallVector<int64_t> shape = cutShape(shapeOf(v), dim, parts);
  auto type = RankedTensorType::get(shape, cast<RankedTensorType>(v.getType()).getElementType());
  Operation *op = v.getDefiningOp();
  if (DenseElementsAttr values; matchPattern(v, m_Constant(&values)) && values.isSplat())
    return ops.create<ConstantOp>(op->getLoc(), type, values.resizeSplat(type));
  auto algorithm = dyn_cast_or_null<AlgorithmOpInterface>(op);
  if (algorithm && algorithm.role() == Role::Map) {
    if (depth == 0 || op->getNumResults() != 1)
      return {};
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      if (shapeOf(operand) != shapeOf(v))
        return {};
      Value inner = mapping.lookupOrNull(operand);
      if (!inner)
        inner = cut(ops, operand, dim, parts, depth - 1);
      if (!inner)
        return {};
      mapping.map(operand, inner);
    }
    Operation *again = ops.clone(*op, mapping);
    again->getResult(0).setType(type);
    return again->getResult(0);
  }
  if (algorithm && (algorithm.role() == Role::Index || algorithm.role() == Role::Permute || algorithm.role() == Role::Leaf))
    return {};
  return ops.create<ReshapeOp>(v.getLoc(), v, shape);
}

bool combinesAgain(ReduceOp op) { return op.getX().getType().getElementTypeBitWidth() >= 32; }

Value inParts(OpBuilder &ops, ReduceOp op, int64_t parts) {
  ArrayRef<int64_t> dims = op.getDims(), shape = shapeOf(op.getX());
  int64_t first = 1, steps = 1;
  for (int64_t d : dims)
    steps *= shape[d];
  for (size_t later = 1; later < dims.size(); ++later) { // the outer dimensions are the parts
    first *= shape[dims[later - 1]];
    if (first * 2 < parts || steps / first < 32)
      continue;
    Value partial = ops.create<ReduceOp>(op.getLoc(), op.getX(), op.getKind(), dims.drop_front(later));
    return ops.create<ReduceOp>(op.getLoc(), partial, op.getKind(), dims.take_front(later));
  }
  size_t longest = 0;
  for (size_t i = 1; i < dims.size(); ++i)
    if (shape[dims[i]] > shape[dims[longest]])
      longest = i;
  int64_t dim = dims[longest], count = divisor(shape[dim], parts);
  Value x = count > 1 ? cut(ops, op.getX(), dim, count) : Value();
  if (!x)
    return {};
  SmallVector<int64_t> rest;
  for (int64_t d : dims)
    rest.push_back(d < dim ? d : d + 1);
  int64_t kept = llvm::count_if(llvm::seq<int64_t>(0, dim), [&](int64_t d) { return !llvm::is_contained(dims, d); });
  Value partial = ops.create<ReduceOp>(op.getLoc(), x, op.getKind(), rest);
  return ops.create<ReduceOp>(op.getLoc(), partial, op.getKind(), ArrayRef<int64_t>{kept});
}

/// Letters that both operands have and the result has not; a window's slide is none.
std::string summed(const ProductLabels &p) {
  std::string letters;
  for (char c : p.lhs)
    if (p.rhs.find(c) != std::string::npos && p.result.find(c) == std::string::npos && p.spatial.find(c) == std::string::npos)
      letters += c;
  return letters;
}

template <typename Op, typename... Rest> Value productInParts(OpBuilder &ops, Op op, int64_t parts, Rest... rest) {
  ProductLabels p = op.product();
  char letter = 0;
  int64_t count = 1;
  for (char c : summed(p))
    if (int64_t found = divisor(shapeOf(op.getLhs())[p.lhs.find(c)], parts); found > count)
      count = found, letter = c;
  if (count == 1)
    return {};
  char part = 'a';
  std::string used = p.print() + p.spatial;
  while (used.find(part) != std::string::npos)
    part = static_cast<char>(part == 'z' ? 'A' : part + 1);
  auto operand = [&](Value v, std::string &letters) {
    size_t dim = letters.find(letter);
    letters.insert(dim, 1, part);
    return ops.createOrFold<ReshapeOp>(op.getLoc(), v, cutShape(shapeOf(v), static_cast<int64_t>(dim), count));
  };
  Value lhs = operand(op.getLhs(), p.lhs), rhs = operand(op.getRhs(), p.rhs);
  p.result.insert(0, 1, part);
  Value partial = ops.create<Op>(op.getLoc(), lhs, rhs, p.print(), rest...);
  return ops.create<ReduceOp>(op.getLoc(), partial, ReduceKind::Add, ArrayRef<int64_t>{0});
}
} // namespace

std::optional<SumSizes> sumSizes(Operation *op) {
  SumSizes sizes;
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    if (!combinesAgain(reduce))
      return std::nullopt;
    ArrayRef<int64_t> shape = shapeOf(reduce.getX());
    for (auto [d, extent] : llvm::enumerate(shape))
      (llvm::is_contained(reduce.getDims(), static_cast<int64_t>(d)) ? sizes.steps : sizes.left) *= extent;
    return sizes;
  }
  auto product = dyn_cast<ProductOpInterface>(op);
  if (!product || op->getResultTypes()[0] != RankedTensorType::get(shapeOf(op->getResult(0)), Float32Type::get(op->getContext())))
    return std::nullopt;
  ProductLabels p = product.product();
  sizes.product = true;
  ArrayRef<int64_t> shape = shapeOf(op->getResult(0)), right = shapeOf(op->getOperand(1));
  for (auto [c, extent] : llvm::zip(p.result, shape)) {
    bool isLeft = p.lhs.find(c) != std::string::npos; // a window slides over it
    bool isRight = p.rhs.find(c) != std::string::npos && p.spatial.find(c) == std::string::npos;
    (isLeft == isRight ? sizes.batch : isLeft ? sizes.left : sizes.right) *= extent;
  }
  for (auto [c, extent] : llvm::zip(p.rhs, right))
    if (p.result.find(c) == std::string::npos || p.spatial.find(c) != std::string::npos)
      sizes.steps *= extent;
  const std::string &free = sizes.left < sizes.right ? p.rhs : p.lhs;
  sizes.along = !free.empty() && p.result.find(free.back()) == std::string::npos;
  return sizes;
}

Value inParts(OpBuilder &ops, Operation *op, int64_t parts) {
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return inParts(ops, reduce, parts);
  if (auto contract = dyn_cast<ContractOp>(op))
    return productInParts(ops, contract, parts);
  if (auto window = dyn_cast<WindowOp>(op))
    return productInParts(ops, window, parts, window.getSpatial(), window.getStrides(), window.getLow(), window.getHigh(),
                          window.getLhsDilation(), window.getDilation());
  return {};
}
} // namespace kiln
