//===- Indexing.cpp - operators that read or write at indices --------------------------------------------------===//
//
// Reading becomes the dialect's gather and take_along. Writing (Scatter*) is compiled where the indices are known: then every element of
// the result knows its source, data or an update.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static void writeGather(Call &call) {
  int64_t axis = call.axis(call.integer("axis", 0), rankOf(call.in(0)));
  call.result(call.builder.gather(call.in(0), call.in(1), axis));
}

static void writeGatherElements(Call &call) {
  int64_t axis = call.axis(call.integer("axis", 0), rankOf(call.in(0)));
  call.result(call.builder.takeAlong(call.in(0), call.in(1), axis));
}

static int64_t product(Sizes sizes) { return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>()); }

/// Tuples of indices become flat ones into [d0*...*dk, rest]; batch dimensions are leading dimensions that get their own index.
static void writeGatherND(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.in(0), indices = call.in(1);
  int64_t batch = call.integer("batch_dims", 0);
  if (batch < 0 || batch >= rankOf(indices) || batch > rankOf(x))
    call.refuse("its batch_dims is " + std::to_string(batch) + " for " + shapeText(x) + " and " + shapeText(indices));
  Sizes sizes = sizesOf(x), tuples = sizesOf(indices);
  int64_t depth = tuples.back();
  if (batch + depth > rankOf(x) || sizes.take_front(batch) != tuples.take_front(batch))
    call.refuse("its indices " + shapeText(indices) + " do not fit " + shapeText(x));
  Type i64 = IntegerType::get(b.context(), 64);
  Shape outer(tuples.begin(), tuples.end() - 1);
  Value flat = b.splat(i64, outer, 0);
  for (int64_t i = 0; i < batch; ++i) // the batch's own coordinate
    flat = b.map<AddOp>(b.map<MulOp>(flat, static_cast<double>(sizes[i])), b.iota(i64, outer, i));
  for (int64_t i = 0; i < depth; ++i) {
    auto size = static_cast<double>(sizes[batch + i]);
    Value index = b.reshape(b.cast(b.slice(indices, rankOf(indices) - 1, i, 1), i64), outer);
    index = b.select(b.map<LtOp>(index, 0.0), b.map<AddOp>(index, size), index);
    flat = b.map<AddOp>(b.map<MulOp>(flat, size), index);
  }
  Shape merged = {product(sizes.take_front(batch + depth))};
  merged.insert(merged.end(), sizes.begin() + batch + depth, sizes.end());
  call.result(b.gather(b.reshape(x, merged), flat, 0));
}

/// `source[i]`: the row of `updates` that row i of `x` takes, or -1 to stay. Both are [rows, rest].
static Value scattered(GraphBuilder &b, Value x, Value updates, const std::vector<int64_t> &source) {
  auto rows = static_cast<int64_t>(source.size());
  SmallVector<bool> moved;
  Shape from;
  for (int64_t each : source) {
    moved.push_back(each >= 0);
    from.push_back(std::max<int64_t>(each, 0));
  }
  if (llvm::none_of(moved, [](bool each) { return each; }))
    return x;
  auto type = RankedTensorType::get({rows, 1}, IntegerType::get(b.context(), 1));
  return b.select(b.constant(DenseElementsAttr::get(type, moved)), b.gather(updates, b.integers(from), 0), x);
}

static void requirePlain(Call &call) {
  std::string reduction = call.text("reduction", "none");
  if (reduction != "none")
    call.refuse("its reduction is " + quoted(reduction) + "; kiln scatters without reduction only");
}

static void requireTable(Call &call, int64_t rows) {
  if (rows > largestTable)
    call.refuse("it scatters into " + std::to_string(rows) + " places, expected at most " + std::to_string(largestTable));
}

static int64_t wrapped(Call &call, int64_t index, int64_t size) {
  if (index < -size || index >= size)
    call.refuse("index " + std::to_string(index) + " is outside of " + std::to_string(-size) + " to " + std::to_string(size - 1));
  return index < 0 ? index + size : index;
}

static void writeScatterND(Call &call) {
  GraphBuilder &b = call.builder;
  requirePlain(call);
  Value x = call.in(0), indices = call.in(1), updates = call.in(2);
  Shape numbers = call.integersIn(1, "indices");
  if (rankOf(indices) < 1 || sizesOf(indices).back() > rankOf(x))
    call.refuse("its indices " + shapeText(indices) + " do not fit " + shapeText(x));
  int64_t depth = sizesOf(indices).back(), tuples = product(sizesOf(indices).drop_back());
  int64_t rows = product(sizesOf(x).take_front(depth)), rest = product(sizesOf(x).drop_front(depth));
  requireTable(call, rows);
  if (countOf(updates) != tuples * rest)
    call.refuse("its updates are " + shapeText(updates) + ", which do not fit indices " + shapeText(indices));
  std::vector<int64_t> source(rows, -1);
  for (int64_t tuple = 0; tuple < tuples; ++tuple) {
    int64_t row = 0;
    for (int64_t i = 0; i < depth; ++i)
      row = row * sizesOf(x)[i] + wrapped(call, numbers[tuple * depth + i], sizesOf(x)[i]);
    source[row] = tuple;
  }
  Value result = scattered(b, b.reshape(x, {rows, rest}), b.reshape(updates, {tuples, rest}), source);
  call.result(b.reshape(result, sizesOf(x)));
}

static void writeScatterElements(Call &call) {
  GraphBuilder &b = call.builder;
  requirePlain(call);
  Value x = call.in(0), indices = call.in(1), updates = call.in(2);
  int64_t axis = call.axis(call.integer("axis", 0), rankOf(x));
  Shape numbers = call.integersIn(1, "indices");
  if (rankOf(indices) != rankOf(x) || sizesOf(indices) != sizesOf(updates))
    call.refuse("its indices " + shapeText(indices) + " and updates " + shapeText(updates) + " do not fit " + shapeText(x));
  requireTable(call, countOf(x));
  std::vector<int64_t> source(countOf(x), -1);
  for (size_t i = 0; i < numbers.size(); ++i) {
    int64_t left = static_cast<int64_t>(i), flat = 0, scale = 1;
    for (int64_t dim = rankOf(x) - 1; dim >= 0; --dim) {
      int64_t at = left % sizesOf(indices)[dim];
      left /= sizesOf(indices)[dim];
      flat += wrapped(call, dim == axis ? numbers[i] : at, sizesOf(x)[dim]) * scale;
      scale *= sizesOf(x)[dim];
    }
    source[flat] = static_cast<int64_t>(i);
  }
  auto all = static_cast<int64_t>(source.size());
  Value result = scattered(b, b.reshape(x, {all, 1}), b.reshape(updates, {product(sizesOf(updates)), 1}), source);
  call.result(b.reshape(result, sizesOf(x)));
}

/// result[..., i] = on where indices[...] == i, else off; negative indices count from the end.
static void writeOneHot(Call &call) {
  GraphBuilder &b = call.builder;
  double wanted = call.numberIn(1, "depth");
  int64_t depth = wanted >= 1 && wanted <= INT32_MAX ? static_cast<int64_t>(wanted) : 0, rank = rankOf(call.in(0)) + 1;
  int64_t axis = call.axis(call.integer("axis", -1), rank);
  Value values = call.in(2), indices = call.in(0);
  if (rankOf(values) != 1 || sizesOf(values)[0] != 2 || depth < 1)
    call.refuse("its depth is " + std::to_string(depth) + " and its values " + shapeText(values) +
                ", expected a depth above 0 and two values");
  Shape shape(sizesOf(indices).begin(), sizesOf(indices).end());
  shape.insert(shape.begin() + axis, depth);
  Value index = b.broadcast(b.unsqueeze(indices, axis), shape);
  index = b.select(b.map<LtOp>(index, 0.0), b.map<AddOp>(index, static_cast<double>(depth)), index);
  auto value = [&](int64_t i) { return b.reshape(b.slice(values, 0, i, 1), {}); };
  call.result(b.select(b.map<EqOp>(index, b.iota(elementOf(index), shape, axis)), value(1), value(0)));
}

static const Rules rules = {
    {"Gather", 2, 2, writeGather},       {"GatherElements", 2, 2, writeGatherElements},   {"GatherND", 2, 2, writeGatherND},
    {"ScatterND", 3, 3, writeScatterND}, {"ScatterElements", 3, 3, writeScatterElements}, {"Scatter", 3, 3, writeScatterElements},
    {"OneHot", 3, 3, writeOneHot},
};
