//===- Softmax.cpp - softmax and its kin -----------------------------------------------------------------------===//
//
// Before opset 13 these work on the input flattened to two dimensions at `axis`: over all dimensions from it on. From 13 on, over one.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/onnx/Rule.h"
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static Shape dimsOf(Call &call) {
  int64_t rank = rankOf(call.floats(0)), axis = call.axis(call.integer("axis", call.node.opset < 13 ? 1 : -1), rank);
  Shape dims(call.node.opset < 13 ? rank - axis : 1);
  std::iota(dims.begin(), dims.end(), axis);
  return dims;
}

static void writeSoftmax(Call &call) { call.result(call.builder.softmax(call.floats(0), dimsOf(call))); }

static void writeLogSoftmax(Call &call) {
  GraphBuilder &b = call.builder;
  Shape dims = dimsOf(call);
  Value x = call.floats(0), shifted = b.map<SubOp>(x, b.detach(b.reduce(x, ReduceKind::Max, dims, true)));
  call.result(b.map<SubOp>(shifted, b.map<LogOp>(b.reduce(b.map<ExpOp>(shifted), ReduceKind::Add, dims, true))));
}

/// One at the first maximum, zeros elsewhere.
static void writeHardmax(Call &call) {
  GraphBuilder &b = call.builder;
  Shape dims = dimsOf(call), shape(sizesOf(call.in(0)).begin(), sizesOf(call.in(0)).end());
  int64_t extent = 1;
  for (int64_t dim : dims)
    extent *= shape[dim];
  Shape flat(shape.begin(), shape.begin() + dims.front());
  flat.push_back(extent);
  flat.insert(flat.end(), shape.begin() + dims.back() + 1, shape.end());
  Value x = b.reshape(call.in(0), flat), first = b.argReduce(x, ReduceKind::Max, dims.front(), false, true);
  Value hit = b.map<EqOp>(first, b.iota(elementOf(first), flat, dims.front()));
  call.result(b.reshape(b.cast(hit, elementOf(x)), shape));
}

static const Rules rules = {
    {"Softmax", 1, 1, writeSoftmax},
    {"LogSoftmax", 1, 1, writeLogSoftmax},
    {"Hardmax", 1, 1, writeHardmax},
};
