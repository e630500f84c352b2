#include "frontend/builder/Activations.h"
#include "frontend/builder/Formulas.h"
#include "frontend/builder/Scope.h"
#include <cmath>

using namespace mlir;

namespace kiln::builder {

static Layer activation(std::string kind, std::function<Value(GraphBuilder &, Value)> formula) {
  return layer(std::move(kind), "", [formula = std::move(formula)](Scope &s, const Inputs &x) {
    if (!isFloat(x[0]))
      throw BuildError{"its input is " + shapeText(x[0]) + ", expected floats"};
    return formula(s.b, x[0]);
  });
}

/// x where it is positive (and NaN), else `negative`.
static Value positiveOr(GraphBuilder &b, Value x, Value negative) { return b.select(b.map<LeOp>(x, 0.0), negative, x); }

Layer linear() {
  return activation("linear", [](GraphBuilder &, Value x) { return x; });
}
Layer step() {
  return activation("step", [](GraphBuilder &b, Value x) { return b.cast(b.map<LeOp>(0.0, x), elementOf(x)); });
}
Layer sigmoid() {
  return activation("sigmoid", [](GraphBuilder &b, Value x) { return b.map<SigmoidOp>(x); });
}
Layer tanh() {
  return activation("tanh", [](GraphBuilder &b, Value x) { return b.map<TanhOp>(x); });
}
Layer relu() {
  return activation("relu", [](GraphBuilder &b, Value x) { return positiveOr(b, x, b.fill(x, 0)); });
}
Layer leakyRelu(double slope) {
  return activation("leaky_relu", [=](GraphBuilder &b, Value x) { return positiveOr(b, x, b.map<MulOp>(x, slope)); });
}
Layer elu(double alpha) {
  return activation("elu", [=](GraphBuilder &b, Value x) {
    Value negative = b.map<Expm1Op>(b.map<MinOp>(x, 0.0)); // no overflow on the side that is not taken: its derivative would be NaN
    return positiveOr(b, x, alpha == 1 ? negative : b.map<MulOp>(negative, alpha));
  });
}
Layer selu() {
  return activation("selu", [](GraphBuilder &b, Value x) {
    Value negative = b.map<MulOp>(b.map<Expm1Op>(b.map<MinOp>(x, 0.0)), 1.67326324235437728482);
    return b.map<MulOp>(positiveOr(b, x, negative), 1.05070098735548049342);
  });
}
Layer softplus() { return activation("softplus", builder::softplusOf); }
Layer gelu() {
  return activation("gelu", [](GraphBuilder &b, Value x) {
    return b.map<MulOp>(b.map<MulOp>(x, 0.5), b.map<AddOp>(b.map<ErfOp>(b.map<MulOp>(x, std::sqrt(0.5))), 1.0));
  });
}
Layer silu() {
  return activation("silu", [](GraphBuilder &b, Value x) { return b.map<MulOp>(x, b.map<SigmoidOp>(x)); });
}
Layer softmax() {
  return activation("softmax", [](GraphBuilder &b, Value x) { return b.softmax(x, rankOf(x) - 1); });
}

Layer prelu(double slope) {
  return layer("prelu", "", [=](Scope &s, const Inputs &x) {
    int64_t channels = rankOf(x[0]) > 1 ? sizesOf(x[0])[1] : 1;
    Value slopes = s.parameter("slope", {channels}, Initializer::constant(slope));
    return positiveOr(s.b, x[0], s.b.map<MulOp>(x[0], s.b.spread(slopes, std::min<int64_t>(1, rankOf(x[0]) - 1), sizesOf(x[0]))));
  });
}

Layer maxout(int64_t pieces) {
  return activation("maxout", [=](GraphBuilder &b, Value x) {
    int64_t last = sizesOf(x).back();
    if (pieces < 1 || last % pieces)
      throw BuildError{"it takes the largest of each " + std::to_string(pieces) + " of " + shapeText(x)};
    Shape split(sizesOf(x).begin(), sizesOf(x).end());
    split.back() = last / pieces;
    split.push_back(pieces);
    return b.reduce(b.reshape(x, split), ReduceKind::Max, rankOf(x));
  });
}

} // namespace kiln::builder
