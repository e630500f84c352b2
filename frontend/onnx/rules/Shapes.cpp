//===- Shapes.cpp - operators about shapes: what exporters write around reshapes; all of it folds --------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include "frontend/onnx/Types.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static void writeShape(Call &call) {
  Sizes sizes = sizesOf(call.in(0));
  auto rank = static_cast<int64_t>(sizes.size());
  auto bound = [&](int64_t value) { return std::clamp(value < 0 ? value + rank : value, int64_t(0), rank); };
  int64_t start = bound(call.integer("start", 0)), end = bound(call.integer("end", rank));
  call.result(call.builder.integers(sizes.slice(start, std::max<int64_t>(end - start, 0))));
}

static void writeSize(Call &call) { call.result(call.builder.integer(countOf(call.in(0)))); }

/// 0 copies the input's dimension (unless allowzero), one -1 takes what is left.
static void writeReshape(Call &call) {
  Sizes from = sizesOf(call.in(0));
  Shape shape = call.integersIn(1, "shape");
  bool zeroIsZero = call.integer("allowzero", 0);
  int64_t known = 1, open = -1, count = countOf(call.in(0));
  std::string wanted = sizesText(shape);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !zeroIsZero) {
      if (i >= from.size())
        call.refuse("its shape " + wanted + " copies dimension " + std::to_string(i) + " of " + shapeText(call.in(0)) +
                    ", which has none");
      shape[i] = from[i];
    }
    if (shape[i] < -1 || (shape[i] == -1 && open >= 0))
      call.refuse("its shape is " + wanted + ", expected sizes and at most one -1");
    if (shape[i] == -1)
      open = static_cast<int64_t>(i);
    else if (__builtin_mul_overflow(known, shape[i], &known))
      call.refuse("its shape " + wanted + " has more elements than can be counted");
  }
  if (open >= 0 && (known == 0 ? count != 0 : count % known != 0))
    call.refuse("its shape " + wanted + " does not divide the " + std::to_string(count) + " elements of " + shapeText(call.in(0)));
  if (open >= 0)
    shape[open] = known ? count / known : 0;
  call.result(call.builder.reshape(call.in(0), shape));
}

static void writeFlatten(Call &call) {
  Sizes from = sizesOf(call.in(0));
  int64_t axis = call.integer("axis", 1), rank = rankOf(call.in(0));
  axis = axis == rank ? rank : call.axis(axis, rank);
  auto product = [](Sizes sizes) { return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>()); };
  call.result(call.builder.reshape(call.in(0), {product(from.take_front(axis)), product(from.drop_front(axis))}));
}

/// Axes are an attribute before opset 13, an input from then on.
static std::optional<Shape> axesOf(Call &call) {
  if (call.node.opset < 13)
    return call.integers("axes");
  return call.has(1) ? std::optional(call.integersIn(1, "axes")) : std::nullopt;
}

static void writeSqueeze(Call &call) {
  Sizes from = sizesOf(call.in(0));
  auto given = axesOf(call);
  Shape axes = given ? call.axes(*given, rankOf(call.in(0))) : Shape(), shape;
  for (int64_t axis : axes)
    if (from[axis] != 1)
      call.refuse("it removes dimension " + std::to_string(axis) + " of " + shapeText(call.in(0)) + ", whose size is not 1");
  for (int64_t i = 0; i < rankOf(call.in(0)); ++i)
    if (given ? !llvm::is_contained(axes, i) : from[i] != 1)
      shape.push_back(from[i]);
  call.result(call.builder.reshape(call.in(0), shape));
}

static void writeUnsqueeze(Call &call) {
  auto given = axesOf(call);
  if (!given)
    call.refuse("its axes are missing");
  Shape axes = call.axes(*given, rankOf(call.in(0)) + static_cast<int64_t>(given->size()));
  call.result(call.builder.unsqueeze(call.in(0), axes));
}

static void checkSizes(Call &call, Sizes sizes) {
  for (int64_t size : sizes)
    if (size < 0)
      call.refuse("its shape is " + sizesText(sizes) + ", expected no negative size");
}

static void writeExpand(Call &call) {
  Shape shape = call.integersIn(1, "shape");
  checkSizes(call, shape);
  call.result(call.builder.broadcast(call.in(0), broadcastShape(sizesOf(call.in(0)), shape)));
}

/// [a, b] tiled [r, s] times: [a, b] -> [r, a, s, b] -> [r*a, s*b].
static void writeTile(Call &call) {
  Value x = call.in(0);
  Shape repeats = call.integersIn(1, "repeats"), wide, dims, shape;
  checkSizes(call, repeats);
  if (static_cast<int64_t>(repeats.size()) != rankOf(x))
    call.refuse("it has " + std::to_string(repeats.size()) + " repeats for " + shapeText(x));
  for (auto [i, size] : llvm::enumerate(sizesOf(x))) {
    int64_t tiled;
    if (__builtin_mul_overflow(repeats[i], size, &tiled))
      call.refuse("its repeats " + sizesText(repeats) + " make more elements than can be counted");
    shape.push_back(tiled);
    if (repeats[i] != 1)
      wide.push_back(repeats[i]);
    dims.push_back(static_cast<int64_t>(wide.size()));
    wide.push_back(size);
  }
  call.result(call.builder.reshape(call.builder.spread(x, dims, wide), shape));
}

static void writeConstantOfShape(Call &call) {
  GraphBuilder &b = call.builder;
  Shape shape = call.integersIn(0, "shape");
  checkSizes(call, shape);
  Value one = b.splat(Float32Type::get(b.context()), {}, 0);
  if (const auto *value = call.attribute("value")) {
    const Tensor *tensor = std::get_if<Tensor>(&value->value);
    if (!tensor || tensor->elements() != 1)
      call.refuse("its attribute 'value' must be a tensor of one element");
    one = b.reshape(b.constant(constantOf(*tensor, requiredType(tensor->type, "its attribute 'value'", b.context()))), {});
  }
  call.result(b.broadcast(one, shape));
}

/// start, start + delta, ... below limit; a handful of numbers is written down as it is.
static void writeRange(Call &call) {
  GraphBuilder &b = call.builder;
  double start = call.numberIn(0, "start"), limit = call.numberIn(1, "limit"), delta = call.numberIn(2, "delta");
  double count = std::max(std::ceil((limit - start) / delta), 0.0);
  if (!(delta != 0) || !(count <= INT32_MAX))
    call.refuse("its range from " + std::to_string(start) + " to " + std::to_string(limit) + " by " + std::to_string(delta) +
                " has no sensible length");
  Type element = elementOf(call.in(0));
  auto size = static_cast<int64_t>(count);
  if (size > 4096)
    return call.result(b.map<AddOp>(b.map<MulOp>(b.iota(element, size, 0), delta), start));
  auto type = RankedTensorType::get(size, element);
  SmallVector<mlir::Attribute> values;
  for (int64_t i = 0; i < size; ++i) {
    double value = start + static_cast<double>(i) * delta;
    if (isa<FloatType>(element))
      values.push_back(FloatAttr::get(element, value));
    else
      values.push_back(IntegerAttr::get(element, static_cast<int64_t>(value)));
  }
  call.result(b.constant(DenseElementsAttr::get(type, values)));
}

static void writeConstant(Call &call) {
  GraphBuilder &b = call.builder;
  MLIRContext *context = b.context();
  Type f32 = Float32Type::get(context);
  auto count = [](const auto &list) { return static_cast<int64_t>(list.size()); };
  if (call.given("value")) {
    const Tensor *tensor = std::get_if<Tensor>(&call.attribute("value")->value);
    if (!tensor)
      call.refuse("its attribute 'value' is no tensor");
    return call.result(call.around.place(*tensor, call.node.outputs[0]));
  }
  if (call.given("value_int"))
    return call.result(b.integer(call.integer("value_int")));
  if (call.given("value_ints"))
    return call.result(b.integers(*call.integers("value_ints")));
  if (call.given("value_float"))
    return call.result(b.splat(f32, {}, call.number("value_float")));
  if (call.given("value_floats")) {
    auto *values = std::get_if<std::vector<float>>(&call.attribute("value_floats")->value);
    if (!values)
      call.refuse("its attribute 'value_floats' is no list of numbers");
    return call.result(b.constant(DenseElementsAttr::get(RankedTensorType::get(count(*values), f32), ArrayRef<float>(*values))));
  }
  call.refuse("it holds neither a tensor nor numbers (strings and sparse tensors are not compiled)");
}

static void writeEyeLike(Call &call) {
  GraphBuilder &b = call.builder;
  Sizes shape = sizesOf(call.in(0));
  if (shape.size() != 2)
    call.refuse("its input is " + shapeText(call.in(0)) + ", expected two dimensions");
  Type element = call.given("dtype")
                     ? requiredType(static_cast<DataType>(call.integer("dtype")), "its attribute 'dtype'", b.context())
                     : elementOf(call.in(0));
  Type i64 = IntegerType::get(b.context(), 64);
  Value row = b.iota(i64, shape, 0), column = b.iota(i64, shape, 1);
  call.result(b.cast(b.map<EqOp>(b.map<AddOp>(row, static_cast<double>(call.integer("k", 0))), column), element));
}

static const Rules rules = {
    {"Shape", 1, 1, writeShape},     {"Size", 1, 1, writeSize},         {"Reshape", 2, 2, writeReshape},
    {"Flatten", 1, 1, writeFlatten}, {"Squeeze", 1, 2, writeSqueeze},   {"Unsqueeze", 1, 2, writeUnsqueeze},
    {"Expand", 2, 2, writeExpand},   {"Tile", 2, 2, writeTile},         {"ConstantOfShape", 1, 1, writeConstantOfShape},
    {"Range", 3, 3, writeRange},     {"Constant", 0, 0, writeConstant}, {"EyeLike", 1, 1, writeEyeLike},
};
