//===- Activations.cpp - activations, by their formulas --------------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include <cmath>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

/// x where it is at least 0, else `negative`.
static Value positiveOr(Call &call, Value negative) {
  GraphBuilder &b = call.builder;
  return b.select(b.map<LtOp>(call.in(0), 0.0), negative, call.in(0));
}

static void writeRelu(Call &call) { call.result(call.builder.map<MaxOp>(call.in(0), 0.0)); }

static void writeLeakyRelu(Call &call) {
  call.result(positiveOr(call, call.builder.map<MulOp>(call.floats(0), call.number("alpha", 0.01f))));
}

static void writePRelu(Call &call) { call.result(positiveOr(call, call.builder.map<MulOp>(call.in(0), call.in(1)))); }

static void writeElu(Call &call) {
  GraphBuilder &b = call.builder;
  call.result(positiveOr(call, b.map<MulOp>(b.map<Expm1Op>(call.floats(0)), call.number("alpha", 1.0))));
}

/// gamma * (x > 0 ? x : alpha * (exp(x) - 1)).
static void writeSelu(Call &call) {
  GraphBuilder &b = call.builder;
  Value negative = b.map<MulOp>(b.map<Expm1Op>(call.floats(0)), call.number("alpha", 1.67326319217681884765625));
  call.result(b.map<MulOp>(positiveOr(call, negative), call.number("gamma", 1.05070102214813232421875)));
}

/// max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).
static void writeCelu(Call &call) {
  GraphBuilder &b = call.builder;
  double alpha = call.number("alpha", 1.0);
  Value bent = b.map<MulOp>(b.map<Expm1Op>(b.map<DivOp>(call.floats(0), alpha)), alpha);
  call.result(b.map<AddOp>(b.map<MaxOp>(call.in(0), 0.0), b.map<MinOp>(bent, 0.0)));
}

static void writeThresholdedRelu(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0), alpha = b.fill(x, call.number("alpha", 1.0));
  call.result(b.select(b.map<LtOp>(alpha, x), x, b.fill(x, 0)));
}

static Value hardSigmoid(GraphBuilder &b, Value x, double alpha, double beta) {
  return b.clamp(b.map<AddOp>(b.map<MulOp>(x, alpha), beta), 0, 1);
}

static void writeHardSigmoid(Call &call) {
  call.result(hardSigmoid(call.builder, call.floats(0), call.number("alpha", 0.2f), call.number("beta", 0.5)));
}

static void writeHardSwish(Call &call) {
  GraphBuilder &b = call.builder;
  call.result(b.map<MulOp>(call.floats(0), hardSigmoid(b, call.in(0), 1.0 / 6, 0.5)));
}

/// log(1 + exp(x)) without overflow: max(x, 0) + log1p(exp(-|x|)).
static Value softplus(GraphBuilder &b, Value x) {
  return b.map<AddOp>(b.map<MaxOp>(x, 0.0), b.map<Log1pOp>(b.map<ExpOp>(b.map<NegOp>(b.map<AbsOp>(x)))));
}
static void writeSoftplus(Call &call) { call.result(softplus(call.builder, call.floats(0))); }

static void writeSoftsign(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0);
  call.result(b.map<DivOp>(x, b.map<AddOp>(b.map<AbsOp>(x), 1.0)));
}

static void writeMish(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0);
  call.result(b.map<MulOp>(x, b.map<TanhOp>(softplus(b, x))));
}

static void writeSwish(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0);
  double alpha = call.number("alpha", 1.0);
  call.result(b.map<MulOp>(x, b.map<SigmoidOp>(alpha == 1 ? x : b.map<MulOp>(x, alpha))));
}

/// x/2 * (1 + erf(x / sqrt 2)), or with approximate=tanh x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
static void writeGelu(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0), bent;
  std::string approximate = call.text("approximate", "none");
  if (approximate == "tanh") {
    Value cube = b.map<MulOp>(b.map<MulOp>(x, x), x);
    bent = b.map<TanhOp>(b.map<MulOp>(b.map<AddOp>(x, b.map<MulOp>(cube, 0.044715)), std::sqrt(2 / M_PI)));
  } else if (approximate == "none") {
    bent = b.map<ErfOp>(b.map<MulOp>(x, std::sqrt(0.5)));
  } else {
    call.refuse("its approximate is " + quoted(approximate) + ", expected 'none' or 'tanh'");
  }
  call.result(b.map<MulOp>(b.map<MulOp>(x, 0.5), b.map<AddOp>(bent, 1.0)));
}

/// x < -lambd ? x + bias : x > lambd ? x - bias : 0.
static void writeShrink(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.in(0);
  double bias = call.number("bias", 0.0), lambd = call.number("lambd", 0.5);
  Value above = b.select(b.map<LtOp>(b.fill(x, lambd), x), b.map<SubOp>(x, bias), b.fill(x, 0));
  call.result(b.select(b.map<LtOp>(x, -lambd), b.map<AddOp>(x, bias), above));
}

static const Rules rules = {
    {"Relu", 1, 1, writeRelu},
    {"LeakyRelu", 1, 1, writeLeakyRelu},
    {"PRelu", 2, 2, writePRelu},
    {"Elu", 1, 1, writeElu},
    {"Selu", 1, 1, writeSelu},
    {"Celu", 1, 1, writeCelu},
    {"ThresholdedRelu", 1, 1, writeThresholdedRelu},
    {"HardSigmoid", 1, 1, writeHardSigmoid},
    {"HardSwish", 1, 1, writeHardSwish},
    {"Softplus", 1, 1, writeSoftplus},
    {"Softsign", 1, 1, writeSoftsign},
    {"Mish", 1, 1, writeMish},
    {"Swish", 1, 1, writeSwish},
    {"Gelu", 1, 1, writeGelu},
    {"Shrink", 1, 1, writeShrink},
};
