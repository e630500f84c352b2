//===- Pool.cpp - pools over windows and over whole pictures ---------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Spatial.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static Value pooled(Call &call, Value x, ReduceKind kind, const Spatial &s) {
  auto front = [](int64_t outer, const Shape &inner) {
    Shape shape(2, outer);
    shape.insert(shape.end(), inner.begin(), inner.end());
    return shape;
  };
  return call.builder.pool(x, kind,
                           {front(1, s.kernel), front(1, s.strides), front(0, s.low), front(0, s.high), front(1, s.dilations)});
}

static void writeMaxPool(Call &call) {
  call.ignore({"storage_order"});
  if (call.wants(1))
    call.refuse("its second output (indices) is used, which kiln does not compute");
  call.result(pooled(call, call.in(0), ReduceKind::Max, readSpatial(call, {})));
}

/// How many elements each window along one dimension covers: those of the picture, and with `padding` the padding that ONNX asked for.
static Shape covered(int64_t picture, const Spatial &s, size_t i, bool padding) {
  int64_t begin = padding ? -s.low[i] : 0, end = picture + (padding ? s.high[i] - s.added[i] : 0);
  int64_t reach = (s.kernel[i] - 1) * s.dilations[i] + 1;
  Shape counts;
  for (int64_t at = -s.low[i]; at + reach <= picture + s.high[i]; at += s.strides[i]) {
    int64_t count = 0;
    for (int64_t k = 0; k < s.kernel[i]; ++k)
      count += at + k * s.dilations[i] >= begin && at + k * s.dilations[i] < end;
    counts.push_back(count);
  }
  return counts;
}

/// The sum divided by how many elements were summed: one number, or (at borders that do not count) a small table of the picture's size.
static void writeAveragePool(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0);
  Spatial s = readSpatial(call, {});
  bool padding = call.integer("count_include_pad", 0);
  Value sums = pooled(call, x, ReduceKind::Add, s);
  Shape table, values = {1};
  for (size_t i = 0; i < s.rank(); ++i) {
    Shape counts = covered(sizesOf(x)[i + 2], s, i, padding), more;
    table.push_back(static_cast<int64_t>(counts.size()));
    if (static_cast<int64_t>(values.size()) * table.back() > largestTable)
      call.refuse("its picture is too large for a table of how many elements each window covers");
    for (int64_t outer : values)
      for (int64_t count : counts)
        more.push_back(outer * count);
    values = more;
  }
  if (std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end())
    return call.result(b.divide(sums, static_cast<double>(values.empty() ? 1 : values[0])));
  SmallVector<mlir::Attribute> numbers;
  for (int64_t value : values)
    numbers.push_back(FloatAttr::get(elementOf(x), static_cast<double>(value)));
  call.result(b.map<DivOp>(sums, b.constant(DenseElementsAttr::get(RankedTensorType::get(table, elementOf(x)), numbers))));
}

/// |x|^p and the p-th root, the cheap way for 1 and 2.
static Value power(GraphBuilder &b, Value x, int64_t p) {
  return p == 1 ? b.map<AbsOp>(x) : p == 2 ? b.map<MulOp>(x, x) : b.map<PowOp>(b.map<AbsOp>(x), static_cast<double>(p));
}
static Value root(GraphBuilder &b, Value x, int64_t p) {
  return p == 1 ? x : p == 2 ? b.map<SqrtOp>(x) : b.map<PowOp>(x, 1.0 / static_cast<double>(p));
}

static void writeLpPool(Call &call) {
  int64_t p = call.integer("p", 2);
  Value sums = pooled(call, power(call.builder, call.floats(0), p), ReduceKind::Add, readSpatial(call, {}));
  call.result(root(call.builder, sums, p));
}

static Shape picture(Call &call) {
  Shape dims(std::max<int64_t>(rankOf(call.in(0)) - 2, 0));
  std::iota(dims.begin(), dims.end(), 2);
  if (rankOf(call.in(0)) < 2)
    call.refuse("its input is " + shapeText(call.in(0)) + ", expected a batch and channels");
  return dims;
}

static void writeGlobalAveragePool(Call &call) { call.result(call.builder.mean(call.floats(0), picture(call), true)); }
static void writeGlobalMaxPool(Call &call) { call.result(call.builder.reduce(call.in(0), ReduceKind::Max, picture(call), true)); }
static void writeGlobalLpPool(Call &call) {
  int64_t p = call.integer("p", 2);
  Value sums = call.builder.reduce(power(call.builder, call.floats(0), p), ReduceKind::Add, picture(call), true);
  call.result(root(call.builder, sums, p));
}

static const Rules rules = {
    {"MaxPool", 1, 1, writeMaxPool},
    {"AveragePool", 1, 1, writeAveragePool},
    {"LpPool", 1, 1, writeLpPool},
    {"GlobalAveragePool", 1, 1, writeGlobalAveragePool},
    {"GlobalMaxPool", 1, 1, writeGlobalMaxPool},
    {"GlobalLpPool", 1, 1, writeGlobalLpPool},
};
