//===- Elementwise.cpp - ONNX operators that are one map of the dialect each -----------------------------------===//
#include "frontend/builder/Marks.h"
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include "frontend/onnx/Types.h"

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

template <typename Op> static void unary(Call &call) { call.result(call.builder.map<Op>(call.in(0))); }
template <typename Op> static void floatUnary(Call &call) { call.result(call.builder.map<Op>(call.floats(0))); }
template <typename Op> static void binary(Call &call) { call.result(call.builder.map<Op>(call.in(0), call.in(1))); }
/// x > y is y < x.
template <typename Op> static void swapped(Call &call) { call.result(call.builder.map<Op>(call.in(1), call.in(0))); }

static void requireBool(Call &call, size_t i) {
  if (!elementOf(call.in(i)).isInteger(1))
    call.refuse("its input " + quoted(call.node.inputs[i]) + " is " + shapeText(call.in(i)) + ", expected bool");
}
static void requireInteger(Call &call, size_t i) {
  if (isFloat(call.in(i)) || elementOf(call.in(i)).isInteger(1))
    call.refuse("its input " + quoted(call.node.inputs[i]) + " is " + shapeText(call.in(i)) + ", expected integers");
}
static void requireNumber(Call &call, size_t i) {
  if (elementOf(call.in(i)).isInteger(1))
    call.refuse("its input " + quoted(call.node.inputs[i]) + " is " + shapeText(call.in(i)) + ", expected numbers");
}

template <typename Op> static void arithmetic(Call &call) {
  requireNumber(call, 0);
  binary<Op>(call);
}
template <typename Op> static void logical(Call &call) {
  requireBool(call, 0);
  binary<Op>(call);
}
template <typename Op> static void bitwise(Call &call) {
  requireInteger(call, 0);
  binary<Op>(call);
}

/// Floors and rounds of integers are the integers themselves.
template <typename Op> static void rounding(Call &call) {
  call.result(isFloat(call.in(0)) ? call.builder.map<Op>(call.in(0)) : call.in(0));
}

static void writeNot(Call &call) {
  requireBool(call, 0);
  unary<NotOp>(call);
}
static void writeBitwiseNot(Call &call) {
  requireInteger(call, 0);
  unary<BitNotOp>(call);
}

/// The exponent may be of another type: floats are then computed in the base's type; an integer base under a float exponent in f64.
static void writePow(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.in(0), y = call.in(1);
  if (!isFloat(x) && isFloat(y)) {
    Type wide = Float64Type::get(b.context());
    return call.result(b.cast(b.map<PowOp>(b.cast(x, wide), b.cast(y, wide)), elementOf(x)));
  }
  auto exponent = b.known(y);
  if (isFloat(x) && exponent && exponent->isSplat() && rankOf(y) <= rankOf(x)) {
    double power = call.numbersIn(1, "exponent")[0];
    Shape shape = broadcastShape(sizesOf(x), sizesOf(y));
    Value wide = b.broadcast(x, shape);
    if (power == 1)
      return call.result(wide);
    if (power == 2)
      return call.result(b.map<MulOp>(wide, wide));
    if (power == 3)
      return call.result(b.map<MulOp>(b.map<MulOp>(wide, wide), wide));
    if (power == -1)
      return call.result(b.map<ReciprocalOp>(wide));
  }
  call.result(b.map<PowOp>(x, b.cast(y, elementOf(x))));
}

static void writeMod(Call &call) {
  requireNumber(call, 0);
  bool truncates = call.integer("fmod", 0) != 0;
  truncates ? binary<FmodOp>(call) : binary<ModOp>(call);
}

static void writeBitShift(Call &call) {
  requireInteger(call, 0);
  std::string direction = call.text("direction");
  if (direction != "LEFT" && direction != "RIGHT")
    call.refuse("its direction is " + quoted(direction) + ", expected 'LEFT' or 'RIGHT'");
  direction == "LEFT" ? binary<ShiftLeftOp>(call) : binary<ShiftRightOp>(call);
}

template <typename Op> static Value folded(Call &call) {
  Value all = call.in(0);
  for (size_t i = 1; i < call.size(); ++i)
    all = call.builder.map<Op>(all, call.in(i));
  return all;
}
template <typename Op> static void variadic(Call &call) { call.result(folded<Op>(call)); }
static void writeMean(Call &call) {
  call.floats(0);
  call.result(call.builder.map<DivOp>(folded<AddOp>(call), static_cast<double>(call.size())));
}

static void writeIsInf(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0);
  bool negative = call.integer("detect_negative", 1), positive = call.integer("detect_positive", 1);
  if (negative && positive)
    return call.result(b.map<IsInfOp>(x));
  if (!negative && !positive)
    return call.result(b.splat(IntegerType::get(b.context(), 1), sizesOf(x), 0));
  call.result(b.map<EqOp>(x, (positive ? 1 : -1) * std::numeric_limits<double>::infinity()));
}

static void writeWhere(Call &call) {
  requireBool(call, 0);
  call.result(call.builder.select(call.in(0), call.in(1), call.in(2)));
}

static void writeCast(Call &call) {
  call.ignore({"saturate", "round_mode"});
  Type to = requiredType(static_cast<DataType>(call.integer("to")), "its attribute 'to'", call.builder.context());
  call.result(call.builder.cast(call.in(0), to));
}
static void writeCastLike(Call &call) {
  call.ignore({"saturate", "round_mode"});
  call.result(call.builder.cast(call.in(0), elementOf(call.in(1))));
}

/// Bounds are attributes before opset 11, inputs from then on; min > max gives max.
static void writeClip(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.in(0);
  requireNumber(call, 0);
  if (call.node.opset < 11) {
    if (call.given("min"))
      x = b.map<MaxOp>(x, call.number("min"));
    if (call.given("max"))
      x = b.map<MinOp>(x, call.number("max"));
  }
  if (call.has(1))
    x = b.map<MaxOp>(x, b.reshape(call.in(1), {}));
  if (call.has(2))
    x = b.map<MinOp>(x, b.reshape(call.in(2), {}));
  call.result(x);
}

static void writeIdentity(Call &call) { call.result(call.in(0)); }

/// Inference: the input, and a mask of ones. What is to be trained remembers the rate.
static void writeDropout(Call &call) {
  call.ignore({"seed"});
  bool trains = call.around.trains() && elementOf(call.in(0)).isF32();
  double rate = call.has(1) ? call.numberIn(1, "ratio") : call.number("ratio", 0.5);
  if (!trains && call.has(2) && call.integerIn(2, "training_mode"))
    call.refuse("it drops at random (training_mode), which an inference does not");
  if (trains && !(rate >= 0 && rate < 1))
    call.refuse("its ratio is " + std::to_string(rate) + ", expected at least 0 and below 1");
  call.result(trains ? builder::markDropout(call.builder, call.in(0), rate) : call.in(0));
  if (call.wants(1))
    call.result(1, call.builder.splat(call.node.opset < 10 ? elementOf(call.in(0)) : IntegerType::get(call.builder.context(), 1),
                                      sizesOf(call.in(0)), 1));
}

static const Rules rules = {
    {"Abs", 1, 1, unary<AbsOp>},
    {"Neg", 1, 1, unary<NegOp>},
    {"Sign", 1, 1, unary<SignOp>},
    {"Floor", 1, 1, rounding<FloorOp>},
    {"Ceil", 1, 1, rounding<CeilOp>},
    {"Round", 1, 1, rounding<RoundOp>},
    {"Sqrt", 1, 1, floatUnary<SqrtOp>},
    {"Reciprocal", 1, 1, floatUnary<ReciprocalOp>},
    {"Exp", 1, 1, floatUnary<ExpOp>},
    {"Log", 1, 1, floatUnary<LogOp>},
    {"Sin", 1, 1, floatUnary<SinOp>},
    {"Cos", 1, 1, floatUnary<CosOp>},
    {"Tan", 1, 1, floatUnary<TanOp>},
    {"Asin", 1, 1, floatUnary<AsinOp>},
    {"Acos", 1, 1, floatUnary<AcosOp>},
    {"Atan", 1, 1, floatUnary<AtanOp>},
    {"Sinh", 1, 1, floatUnary<SinhOp>},
    {"Cosh", 1, 1, floatUnary<CoshOp>},
    {"Tanh", 1, 1, floatUnary<TanhOp>},
    {"Asinh", 1, 1, floatUnary<AsinhOp>},
    {"Acosh", 1, 1, floatUnary<AcoshOp>},
    {"Atanh", 1, 1, floatUnary<AtanhOp>},
    {"Erf", 1, 1, floatUnary<ErfOp>},
    {"Sigmoid", 1, 1, floatUnary<SigmoidOp>},
    {"IsNaN", 1, 1, floatUnary<IsNanOp>},
    {"IsInf", 1, 1, writeIsInf},
    {"Not", 1, 1, writeNot},
    {"BitwiseNot", 1, 1, writeBitwiseNot},
    {"Add", 2, 2, arithmetic<AddOp>},
    {"Sub", 2, 2, arithmetic<SubOp>},
    {"Mul", 2, 2, arithmetic<MulOp>},
    {"Div", 2, 2, arithmetic<DivOp>},
    {"Pow", 2, 2, writePow},
    {"Mod", 2, 2, writeMod},
    {"And", 2, 2, logical<AndOp>},
    {"Or", 2, 2, logical<OrOp>},
    {"Xor", 2, 2, logical<XorOp>},
    {"Equal", 2, 2, binary<EqOp>},
    {"Less", 2, 2, arithmetic<LtOp>},
    {"LessOrEqual", 2, 2, arithmetic<LeOp>},
    {"Greater", 2, 2, swapped<LtOp>},
    {"GreaterOrEqual", 2, 2, swapped<LeOp>},
    {"BitwiseAnd", 2, 2, bitwise<BitAndOp>},
    {"BitwiseOr", 2, 2, bitwise<BitOrOp>},
    {"BitwiseXor", 2, 2, bitwise<BitXorOp>},
    {"BitShift", 2, 2, writeBitShift},
    {"Sum", 1, unlimited, variadic<AddOp>},
    {"Min", 1, unlimited, variadic<MinOp>},
    {"Max", 1, unlimited, variadic<MaxOp>},
    {"Mean", 1, unlimited, writeMean},
    {"Where", 3, 3, writeWhere},
    {"Cast", 1, 1, writeCast},
    {"CastLike", 2, 2, writeCastLike},
    {"Clip", 1, 3, writeClip},
    {"Identity", 1, 1, writeIdentity},
    {"Dropout", 1, 3, writeDropout},
};
