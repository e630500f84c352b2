//===- Reduce.cpp - reductions, extremes' positions, running sums ----------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

namespace {
struct Axes {
  Shape dims;
  bool keep;
  bool nothing; ///< noop_with_empty_axes
};
} // namespace

/// Axes are an input of ReduceSum from opset 13 on, of the others from 18 on; before, an attribute. None: all.
static Axes axesOf(Call &call, int64_t inputSince) {
  int64_t rank = rankOf(call.in(0));
  bool asInput = call.node.opset >= inputSince;
  std::optional<Shape> given = asInput ? std::nullopt : call.integers("axes");
  if (asInput && call.has(1))
    given = call.integersIn(1, "axes");
  if (!asInput && call.has(1))
    call.refuse("it has axes as an input, which opset " + std::to_string(call.node.opset) + " does not know");
  Axes axes{call.axes(given.value_or(Shape()), rank), call.integer("keepdims", 1) != 0, false};
  bool noop = asInput && call.integer("noop_with_empty_axes", 0);
  if (axes.dims.empty() && noop)
    axes.nothing = true;
  else if (axes.dims.empty()) {
    axes.dims.resize(rank);
    std::iota(axes.dims.begin(), axes.dims.end(), 0);
  }
  return axes;
}

template <ReduceKind kind, int64_t inputSince> static void reduction(Call &call) {
  Axes axes = axesOf(call, inputSince);
  Value x = call.in(0);
  if (!elementOf(x).isInteger(1) || axes.nothing)
    return call.result(axes.nothing ? x : call.builder.reduce(x, kind, axes.dims, axes.keep));
  // Extremes of truths: all or any of them, in bytes.
  GraphBuilder &b = call.builder;
  Type byte = IntegerType::get(b.context(), 8, IntegerType::Unsigned);
  call.result(b.cast(b.reduce(b.cast(x, byte), kind, axes.dims, axes.keep), elementOf(x)));
}

static void writeMean(Call &call) {
  Axes axes = axesOf(call, 18);
  call.result(axes.nothing ? call.in(0) : call.builder.mean(call.in(0), axes.dims, axes.keep));
}

static Value square(GraphBuilder &b, Value x) { return b.map<MulOp>(x, x); }
static Value sum(Call &call, Value x, const Axes &axes) {
  return axes.nothing ? x : call.builder.reduce(x, ReduceKind::Add, axes.dims, axes.keep);
}

static void writeL1(Call &call) { call.result(sum(call, call.builder.map<AbsOp>(call.in(0)), axesOf(call, 18))); }
static void writeSumSquare(Call &call) { call.result(sum(call, square(call.builder, call.in(0)), axesOf(call, 18))); }
static void writeLogSum(Call &call) {
  call.floats(0);
  call.result(call.builder.map<LogOp>(sum(call, call.in(0), axesOf(call, 18))));
}
static void writeL2(Call &call) {
  GraphBuilder &b = call.builder;
  Value squares = sum(call, square(b, call.in(0)), axesOf(call, 18));
  if (isFloat(squares))
    return call.result(b.map<SqrtOp>(squares));
  call.result(b.cast(b.map<SqrtOp>(b.cast(squares, Float64Type::get(b.context()))), elementOf(squares)));
}

/// m + log(sum(exp(x - m))) with m the maximum, 0 where that is infinite.
static void writeLogSumExp(Call &call) {
  GraphBuilder &b = call.builder;
  Axes axes = axesOf(call, 18);
  Value x = call.floats(0);
  if (axes.nothing)
    return call.result(x);
  Value top = b.reduce(x, ReduceKind::Max, axes.dims, true);
  top = b.select(b.map<IsInfOp>(top), b.fill(top, 0), top);
  Value all = b.map<AddOp>(b.map<LogOp>(b.reduce(b.map<ExpOp>(b.map<SubOp>(x, top)), ReduceKind::Add, axes.dims, true)), top);
  Shape shape;
  for (int64_t dim = 0; dim < rankOf(x); ++dim)
    if (axes.keep || !llvm::is_contained(axes.dims, dim))
      shape.push_back(sizesOf(all)[dim]);
  call.result(b.reshape(all, shape));
}

template <ReduceKind kind> static void argument(Call &call) {
  int64_t axis = call.axis(call.integer("axis", 0), rankOf(call.in(0)));
  bool keep = call.integer("keepdims", 1), last = call.integer("select_last_index", 0);
  call.result(call.builder.argReduce(call.in(0), kind, axis, last, keep));
}

static void writeCumSum(Call &call) {
  int64_t axis = call.axis(call.integerIn(1, "axis"), rankOf(call.in(0)));
  bool exclusive = call.integer("exclusive", 0), reverse = call.integer("reverse", 0);
  call.result(call.builder.cumulative(call.in(0), axis, exclusive, reverse));
}

static const Rules rules = {
    {"ReduceSum", 1, 2, reduction<ReduceKind::Add, 13>},
    {"ReduceProd", 1, 2, reduction<ReduceKind::Mul, 18>},
    {"ReduceMax", 1, 2, reduction<ReduceKind::Max, 18>},
    {"ReduceMin", 1, 2, reduction<ReduceKind::Min, 18>},
    {"ReduceMean", 1, 2, writeMean},
    {"ReduceL1", 1, 2, writeL1},
    {"ReduceL2", 1, 2, writeL2},
    {"ReduceSumSquare", 1, 2, writeSumSquare},
    {"ReduceLogSum", 1, 2, writeLogSum},
    {"ReduceLogSumExp", 1, 2, writeLogSumExp},
    {"ArgMax", 1, 1, argument<ReduceKind::Max>},
    {"ArgMin", 1, 1, argument<ReduceKind::Min>},
    {"CumSum", 2, 2, writeCumSum},
};
