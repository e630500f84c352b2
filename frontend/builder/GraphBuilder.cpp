//===- GraphBuilder.cpp - settling, constants and maps; see GraphBuilder.h -------------------------------------===//
#include "frontend/builder/GraphBuilder.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;

namespace kiln {

/// Kernels index with 32 bits.
constexpr int64_t mostElements = (int64_t(1) << 31) - 1;

Sizes sizesOf(Value x) { return cast<RankedTensorType>(x.getType()).getShape(); }
int64_t rankOf(Value x) { return cast<RankedTensorType>(x.getType()).getRank(); }
int64_t countOf(Value x) { return cast<RankedTensorType>(x.getType()).getNumElements(); }
Type elementOf(Value x) { return cast<RankedTensorType>(x.getType()).getElementType(); }
bool isFloat(Value x) { return isa<FloatType>(elementOf(x)); }

std::string sizesText(Sizes sizes) {
  std::string text = "[";
  for (size_t i = 0; i < sizes.size(); ++i)
    text += (i ? ", " : "") + std::to_string(sizes[i]);
  return text + "]";
}

std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return type.isInteger(1) ? "bool" : text;
}

std::string shapeText(Value x) { return typeText(elementOf(x)) + sizesText(sizesOf(x)); }

int64_t checkElements(Sizes shape) {
  int64_t product = 1;
  for (int64_t size : shape)
    if (size < 0 || (size && __builtin_mul_overflow(product, size, &product)) || product > mostElements)
      throw BuildError{"the result would have shape " + sizesText(shape) + ", expected at most " + std::to_string(mostElements) +
                       " elements"};
  return llvm::is_contained(shape, 0) ? 0 : product;
}

Shape broadcastShape(Sizes a, Sizes b) {
  Shape shape(std::max(a.size(), b.size()));
  for (size_t i = 0; i < shape.size(); ++i) { // from the end
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1, y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1)
      throw BuildError{"shapes " + sizesText(a) + " and " + sizesText(b) + " cannot be broadcast to one"};
    shape[shape.size() - 1 - i] = x == 1 ? y : x;
  }
  return shape;
}

/// The op's value: a constant where it folds, for it then has no business in a kernel. Empty tensors are constants always.
Value GraphBuilder::settle(Operation *op) {
  auto type = mlir::cast<RankedTensorType>(op->getResult(0).getType());
  Value result = op->getResult(0);
  if (checkElements(type.getShape()) == 0) {
    op->erase();
    return constant(DenseElementsAttr::get(type, ArrayRef<Attribute>()));
  }
  SmallVector<Value> folded;
  if (failed(ops.tryFold(op, folded)) || folded.empty()) {
    DenseElementsAttr value = foldMap(op);
    if (!value)
      return result;
    folded.assign(1, constant(value));
  }
  op->erase();
  return folded.front();
}

//===- leaves -===//

Value GraphBuilder::constant(DenseElementsAttr value) { return ops.create<ConstantOp>(location, value.getType(), value); }

Value GraphBuilder::integers(Sizes values) {
  auto type = RankedTensorType::get(static_cast<int64_t>(values.size()), ops.getI64Type());
  return constant(DenseElementsAttr::get(type, values));
}

Value GraphBuilder::integer(int64_t value) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, ops.getI64Type()), ArrayRef<int64_t>(value)));
}

Value GraphBuilder::splat(Type element, Sizes shape, double value) {
  auto type = RankedTensorType::get(shape, element);
  if (checkElements(shape) == 0)
    return constant(DenseElementsAttr::get(type, ArrayRef<Attribute>()));
  if (isa<FloatType>(element))
    return constant(DenseElementsAttr::get(type, ArrayRef<Attribute>(FloatAttr::get(element, value))));
  auto bits = static_cast<int64_t>(value);
  unsigned width = element.getIntOrFloatBitWidth();
  return constant(DenseElementsAttr::get(type, ArrayRef<APInt>(APInt(64, bits).trunc(width))));
}

Value GraphBuilder::iota(Type element, Sizes shape, int64_t dim) {
  checkElements(shape);
  return ops.create<IotaOp>(location, RankedTensorType::get(shape, element), dim);
}

Value GraphBuilder::upperTriangle(int64_t rows, int64_t columns, int64_t k) {
  int64_t count = checkElements({rows, columns});
  if (count > largestTable) {
    Type i64 = ops.getI64Type();
    Value row = iota(i64, {rows, columns}, 0), column = iota(i64, {rows, columns}, 1);
    return emit<LeOp>(emit<AddOp>(row, fill(row, static_cast<double>(k))), column);
  }
  SmallVector<bool> truths;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      truths.push_back(column - row >= k);
  return constant(DenseElementsAttr::get(RankedTensorType::get({rows, columns}, ops.getI1Type()), truths));
}

std::optional<DenseElementsAttr> GraphBuilder::known(Value x) {
  DenseElementsAttr value;
  return matchPattern(x, m_Constant(&value)) ? std::optional(value) : std::nullopt;
}

std::optional<Shape> GraphBuilder::knownIntegers(Value x) {
  auto value = known(x);
  if (!value || !isa<IntegerType>(value->getElementType()))
    return std::nullopt;
  auto numbers = integersOf(*value);
  return Shape(numbers.begin(), numbers.end());
}

//===- maps -===//

void GraphBuilder::align(Value &x, Value &y) {
  if (elementOf(x) != elementOf(y))
    throw BuildError{"its inputs are of types " + typeText(elementOf(x)) + " and " + typeText(elementOf(y)) +
                     ", expected one type"};
  Shape shape = broadcastShape(sizesOf(x), sizesOf(y));
  x = broadcast(x, shape);
  y = broadcast(y, shape);
}

Value GraphBuilder::select(Value condition, Value x, Value y) {
  align(x, y);
  Shape shape = broadcastShape(sizesOf(condition), sizesOf(x));
  return emit<SelectOp>(broadcast(condition, shape), broadcast(x, shape), broadcast(y, shape));
}

Value GraphBuilder::cast(Value x, Type to) { return elementOf(x) == to ? x : emit<CastOp>(x, to); }

Value GraphBuilder::clamp(Value x, double low, double high) { return map<MinOp>(map<MaxOp>(x, low), high); }

Value GraphBuilder::divide(Value x, double by) {
  int exponent;
  bool exact = isFloat(x) && std::frexp(by, &exponent) == 0.5;
  return exact ? map<MulOp>(x, 1 / by) : map<DivOp>(x, by);
}

Value GraphBuilder::widened(Value x) {
  Type element = elementOf(x);
  return element.isF16() || element.isBF16() ? cast(x, ops.getF32Type()) : x;
}

} // namespace kiln
