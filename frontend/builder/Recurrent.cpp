//===- Recurrent.cpp - SimpleRNN, LSTM, GRU: a scan over the length ----------------------------------------------===//
//
// The inputs of all steps are multiplied at once; a step multiplies its state alone. Gates stand one after another, [gates, batch, units], so that
// each is a run of memory: cut out at no cost, and on the way back put in its place, not woven in with the others.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Scope.h"

using namespace mlir;

namespace kiln::builder {

namespace {
/// One step: x is the inputs' part of the gates [gates, batch, units], h the state [batch, units].
struct Cell {
  GraphBuilder &b;
  Value recurrent, bias; ///< [units, gates, units]; `bias`: of GRU's recurrent part, [gates, 1, units]

  Value part(Value gates, int64_t i) const { return b.reshape(b.slice(gates, 0, i, 1), sizesOf(gates).drop_front()); }
  Value product(Value h) const { return b.contract(h, recurrent, "bk,kgu->gbu"); }
  Value simple(Value x, Value h) const { return b.map<TanhOp>(part(b.map<AddOp>(x, product(h)), 0)); }
  Value lstm(Value x, Value h, Value &memory) const {
    Value gates = b.map<AddOp>(x, product(h));
    Value in = b.map<SigmoidOp>(part(gates, 0)), forget = b.map<SigmoidOp>(part(gates, 1));
    Value seen = b.map<TanhOp>(part(gates, 2)), out = b.map<SigmoidOp>(part(gates, 3));
    memory = b.map<AddOp>(b.map<MulOp>(forget, memory), b.map<MulOp>(in, seen));
    return b.map<MulOp>(out, b.map<TanhOp>(memory));
  }
  /// z * h + (1 - z) * candidate.
  Value gru(Value x, Value h) const {
    Value inner = b.map<AddOp>(product(h), bias);
    Value z = b.map<SigmoidOp>(b.map<AddOp>(part(x, 0), part(inner, 0)));
    Value r = b.map<SigmoidOp>(b.map<AddOp>(part(x, 1), part(inner, 1)));
    Value candidate = b.map<TanhOp>(b.map<AddOp>(part(x, 2), b.map<MulOp>(r, part(inner, 2))));
    return b.map<AddOp>(candidate, b.map<MulOp>(z, b.map<SubOp>(h, candidate)));
  }
};
} // namespace

/// Zeros, but ones for the forget gate.
static Initializer lstmBias(int64_t units) {
  std::vector<float> values(static_cast<size_t>(4 * units), 0);
  std::fill(values.begin() + units, values.begin() + 2 * units, 1.0f);
  return Initializer::values(values);
}

Recurrent::operator Layer() const {
  const char *kinds[] = {"simple_rnn", "lstm", "gru"};
  return layer(kinds[static_cast<int>(kind)], name_, [o = *this](Scope &s, const Inputs &x) {
    GraphBuilder &b = s.b;
    if (rankOf(x[0]) != 3 || !isFloat(x[0]) || o.units < 1)
      throw BuildError{"it has " + std::to_string(o.units) + " units on " + shapeText(x[0]) +
                       ", expected floats [batch, length, features]"};
    int64_t batch = sizesOf(x[0])[0], features = sizesOf(x[0])[2];
    int64_t gates = o.kind == Kind::Simple ? 1 : o.kind == Kind::LSTM ? 4 : 3, width = o.units * gates;
    auto fan = static_cast<double>(width);
    Value weights = s.parameter("weight", {features, width}, o.weights_, {static_cast<double>(features), fan});
    Value recurrent = s.parameter("recurrent", {o.units, width}, o.recurrent_, {static_cast<double>(o.units), fan});
    Cell cell{b, b.reshape(recurrent, {o.units, gates, o.units}), {}};
    Value bias = s.parameter("bias", {width}, o.kind == Kind::LSTM ? lstmBias(o.units) : Initializer::zeros());
    if (o.kind == Kind::GRU)
      cell.bias = b.reshape(s.parameter("recurrent_bias", {width}, Initializer::zeros()), {gates, 1, o.units});
    // Steps first: a step's part of the inputs is a run of memory.
    Value inputs = b.contract(x[0], b.reshape(weights, {features, gates, o.units}), "btf,fgu->tgbu");
    inputs = b.map<AddOp>(inputs, b.reshape(bias, {gates, 1, o.units}));
    SmallVector<Value> states(o.kind == Kind::LSTM ? 2 : 1, b.splat(elementOf(x[0]), {batch, o.units}, 0));
    std::vector<Value> results = b.scan(states, inputs, false, [&](ArrayRef<Value> state, ArrayRef<Value> now) {
      Value memory = state.back();
      Value h = o.kind == Kind::Simple ? cell.simple(now[0], state[0])
                : o.kind == Kind::LSTM ? cell.lstm(now[0], state[0], memory)
                                       : cell.gru(now[0], state[0]);
      std::vector<Value> next = {h};
      if (o.kind == Kind::LSTM)
        next.push_back(memory);
      next.push_back(h);
      return next;
    });
    return o.sequences_ ? b.transpose(results.back(), {1, 0, 2}) : results.front();
  });
}

} // namespace kiln::builder
