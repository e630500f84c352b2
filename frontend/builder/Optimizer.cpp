//===- Optimizer.cpp - see Optimizer.h --------------------------------------------------------------------------===//
#include "frontend/builder/OptimizerWriter.h"
#include <cmath>

using namespace mlir;

namespace kiln::builder {

namespace {
struct Case {
  GraphBuilder &b;
  const Optimizer &o;
  Value p, g, rate, step;
  std::vector<Value> states; ///< old, then new

  double epsilon(double usual = 1e-8) const { return o.epsilon.value_or(usual); }
  Value times(Value x, double y) const { return b.map<MulOp>(x, y); }
  Value minus(Value change) const { return b.map<SubOp>(p, b.map<MulOp>(change, rate)); }
  /// a v + (1 - a) x.
  Value average(double a, Value v, Value x) const { return b.map<AddOp>(times(v, a), times(x, 1 - a)); }
  Value squared(Value x) const { return b.map<MulOp>(x, x); }
  Value byRoot(Value x, Value v, double e) const { return b.map<DivOp>(x, b.map<AddOp>(b.map<SqrtOp>(v), e)); }
  /// 1 - beta^t, whose digits expm1 keeps: in floats 1 - 0.999 has five.
  Value correction(double beta) const { return b.map<NegOp>(b.map<Expm1Op>(times(step, std::log(beta)))); }
};
struct Entry {
  const char *name;
  size_t states;
  double rate;
  Value (*write)(Case &c); ///< the new parameters
};
} // namespace

static Value sgd(Case &c) { return c.minus(c.g); }

static Value momentum(Case &c) {
  c.states[0] = c.b.map<AddOp>(c.times(c.states[0], c.o.momentum), c.g);
  return c.minus(c.states[0]);
}

static Value nesterov(Case &c) {
  c.states[0] = c.b.map<AddOp>(c.times(c.states[0], c.o.momentum), c.g);
  return c.minus(c.b.map<AddOp>(c.g, c.times(c.states[0], c.o.momentum)));
}

static Value adagrad(Case &c) {
  c.states[0] = c.b.map<AddOp>(c.states[0], c.squared(c.g));
  return c.minus(c.byRoot(c.g, c.states[0], c.epsilon(1e-10)));
}

static Value rmsprop(Case &c) {
  c.states[0] = c.average(c.o.decay, c.states[0], c.squared(c.g));
  return c.minus(c.byRoot(c.g, c.states[0], c.epsilon()));
}

/// What does not depend on the element is computed once: r / (1 - b1^t) and 1 / sqrt(1 - b2^t).
static Value adam(Case &c) {
  c.states[0] = c.average(c.o.beta1, c.states[0], c.g);
  c.states[1] = c.average(c.o.beta2, c.states[1], c.squared(c.g));
  Value inverse = c.b.map<RsqrtOp>(c.correction(c.o.beta2));
  Value root = c.b.map<AddOp>(c.b.map<MulOp>(c.b.map<SqrtOp>(c.states[1]), inverse), c.epsilon());
  c.rate = c.b.map<DivOp>(c.rate, c.correction(c.o.beta1));
  return c.minus(c.b.map<DivOp>(c.states[0], root));
}

static const Entry entries[] = {
    {"sgd", 0, 0.01, sgd},         {"momentum", 1, 0.01, momentum}, {"nesterov", 1, 0.01, nesterov}, {"adagrad", 1, 0.01, adagrad},
    {"rmsprop", 1, 0.01, rmsprop}, {"adam", 2, 0.001, adam},        {"adamw", 2, 0.001, adam},
};

static const Entry &entryOf(const Optimizer &optimizer) {
  std::string names;
  for (const Entry &each : entries) {
    if (optimizer.name == each.name)
      return each;
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  throw BuildError{"there is no optimizer '" + optimizer.name + "', expected one of " + names};
}

std::vector<std::string> optimizerNames() {
  std::vector<std::string> names;
  for (const Entry &each : entries)
    names.emplace_back(each.name);
  return names;
}

double usualRate(const Optimizer &optimizer) { return entryOf(optimizer).rate; }

size_t stateCount(const Optimizer &o) {
  auto inRange = [](const char *what, double value, double low, double high) {
    if (!(value >= low && value < high))
      throw BuildError{std::string("the optimizer's ") + what + " is " + std::to_string(value) + ", expected at least " +
                       std::to_string(low) + (std::isinf(high) ? "" : " and below " + std::to_string(high))};
  };
  inRange("momentum", o.momentum, 0, 1);
  inRange("decay", o.decay, 0, 1);
  inRange("beta1", o.beta1, 1e-6, 1);
  inRange("beta2", o.beta2, 1e-6, 1);
  inRange("epsilon", o.epsilon.value_or(0), 0, INFINITY);
  inRange("weight decay", o.weightDecay.value_or(0), 0, INFINITY);
  inRange("l1", o.l1, 0, INFINITY);
  inRange("clipping value", o.clipValue, 0, INFINITY);
  inRange("clipping norm", o.clipNorm, 0, INFINITY);
  return entryOf(o).states;
}

static Value clipped(GraphBuilder &b, const Optimizer &o, Value g) {
  if (o.clipValue > 0)
    g = b.clamp(g, -o.clipValue, o.clipValue);
  if (o.clipNorm <= 0)
    return g;
  Value norm = b.map<SqrtOp>(b.reduce(b.map<MulOp>(g, g), ReduceKind::Add, 0));
  return b.map<MulOp>(g, b.map<MinOp>(b.map<DivOp>(o.clipNorm, b.map<AddOp>(norm, 1e-6)), 1.0));
}

Update writeUpdate(GraphBuilder &b, const Optimizer &o, const Update &old, Value gradient, Value rate, Value step,
                   int64_t decayed) {
  Case c{b, o, old.parameters, clipped(b, o, gradient), rate, step, old.states};
  bool decoupled = o.name == "adamw";
  double decay = o.weightDecay.value_or(decoupled ? 0.01 : 0);
  // What applies to decayed elements alone: they stand in front.
  auto whereDecayed = [&](Value yes, Value no) {
    if (o.decayVectors || decayed == countOf(c.p))
      return yes;
    Type i64 = IntegerType::get(b.context(), 64);
    Value index = b.iota(i64, sizesOf(c.p), 0);
    return b.select(b.map<LtOp>(index, b.fill(index, static_cast<double>(decayed))), yes, no);
  };
  if (o.l1 > 0)
    c.g = whereDecayed(b.map<AddOp>(c.g, b.map<MulOp>(b.map<SignOp>(c.p), o.l1)), c.g);
  if (decay > 0 && decoupled)
    c.p = whereDecayed(b.map<MulOp>(c.p, b.map<SubOp>(1.0, b.map<MulOp>(rate, decay))), c.p);
  else if (decay > 0)
    c.g = whereDecayed(b.map<AddOp>(c.g, b.map<MulOp>(c.p, decay)), c.g);
  Value parameters = entryOf(o).write(c);
  return {parameters, c.states};
}

} // namespace kiln::builder
