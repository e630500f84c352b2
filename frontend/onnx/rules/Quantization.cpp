//===- Quantization.cpp - integers that stand for reals, by their formulas -------------------------------------===//
//
// y = saturate(round(x / scale) + zero), x = (y - zero) * scale; scale and zero are one number or one per entry along `axis`.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include "frontend/onnx/Types.h"
#include <cmath>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

/// A scale or zero point in the shape of x.
static Value perAxis(Call &call, size_t i, Value x) {
  GraphBuilder &b = call.builder;
  Value each = call.in(i);
  if (call.integer("block_size", 0))
    call.refuse("it is quantized in blocks, which kiln does not compile");
  if (countOf(each) == 1)
    return b.broadcast(b.reshape(each, {}), sizesOf(x));
  int64_t axis = call.axis(call.integer("axis", 1), rankOf(x));
  if (rankOf(each) != 1 || sizesOf(each)[0] != sizesOf(x)[axis])
    call.refuse("its input " + quoted(call.node.inputs[i]) + " is " + shapeText(each) + " for axis " + std::to_string(axis) +
                " of " + shapeText(x));
  return b.spread(each, axis, sizesOf(x));
}

static void writeDequantizeLinear(Call &call) {
  GraphBuilder &b = call.builder;
  call.ignore({"axis", "output_dtype"});
  Value x = call.in(0), scale = perAxis(call, 1, x);
  Value real = b.cast(x, elementOf(scale));
  if (call.has(2))
    real = b.map<SubOp>(real, b.cast(perAxis(call, 2, x), elementOf(scale)));
  call.result(b.map<MulOp>(real, scale));
}

static void writeQuantizeLinear(Call &call) {
  GraphBuilder &b = call.builder;
  call.ignore({"axis", "saturate", "precision"});
  Type to = IntegerType::get(b.context(), 8, IntegerType::Unsigned);
  if (call.has(2))
    to = elementOf(call.in(2));
  else if (int64_t type = call.integer("output_dtype", 0))
    to = requiredType(static_cast<DataType>(type), "its attribute 'output_dtype'", b.context());
  call.ignore({"output_dtype"});
  if (!isa<IntegerType>(to))
    call.refuse("it quantizes to " + typeText(to) + ", expected integers");
  Value x = call.floats(0), wide = b.cast(x, Float32Type::get(b.context()));
  Value steps = b.map<RoundOp>(b.map<DivOp>(wide, b.cast(perAxis(call, 1, x), elementOf(wide))));
  if (call.has(2))
    steps = b.map<AddOp>(steps, b.cast(perAxis(call, 2, x), elementOf(wide)));
  auto bits = static_cast<int>(to.getIntOrFloatBitWidth());
  bool isUnsigned = to.isUnsignedInteger();
  double low = isUnsigned ? 0 : -std::ldexp(1.0, bits - 1), high = std::ldexp(1.0, isUnsigned ? bits : bits - 1) - 1;
  call.result(b.cast(b.clamp(steps, low, high), to));
}

/// A' = A - zero of A in i32; the zero point of A may be one per row, that of B one per column.
static void writeMatMulInteger(Call &call) {
  GraphBuilder &b = call.builder;
  Type i32 = IntegerType::get(b.context(), 32);
  Value x = b.cast(call.in(0), i32), w = b.cast(call.in(1), i32);
  if (call.has(2)) {
    Value zero = b.cast(call.in(2), i32);
    x = b.map<SubOp>(x, rankOf(zero) == 1 && countOf(zero) > 1 ? b.unsqueeze(zero, 1) : zero);
  }
  if (call.has(3))
    w = b.map<SubOp>(w, b.cast(call.in(3), i32));
  call.result(b.matmul(x, w));
}

static const Rules rules = {
    {"DequantizeLinear", 2, 3, writeDequantizeLinear},
    {"QuantizeLinear", 2, 3, writeQuantizeLinear},
    {"MatMulInteger", 2, 4, writeMatMulInteger},
};
