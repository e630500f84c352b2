//===- Recurrent.cpp - RNN, GRU and LSTM: a scan for each direction --------------------------------------------===//
//
// The inputs' part of all steps' gates is one product before the scan; a step multiplies its state alone. W is [directions, gates * hidden,
// input], R the same of hidden, B both biases one after the other.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

namespace {
using Values = std::vector<Value>;
using Function = Value (*)(GraphBuilder &, Value);

Function functionOf(Call &call, const std::string &name) {
  static const std::map<std::string, Function> known = {
      {"Tanh", [](GraphBuilder &b, Value x) { return b.map<TanhOp>(x); }},
      {"Sigmoid", [](GraphBuilder &b, Value x) { return b.map<SigmoidOp>(x); }},
      {"Relu", [](GraphBuilder &b, Value x) { return b.map<MaxOp>(x, 0); }},
      {"Softsign", [](GraphBuilder &b, Value x) { return b.map<DivOp>(x, b.map<AddOp>(b.map<AbsOp>(x), 1)); }},
  };
  auto found = known.find(name);
  if (found == known.end())
    call.refuse("its activation is " + quoted(name) + ", expected Tanh, Sigmoid, Relu or Softsign");
  return found->second;
}

/// What a node says of all of its directions, and the values of the one that is being written.
struct Recurrence {
  Call &call;
  GraphBuilder &b;
  int64_t gates, directions, batch = 0, hidden = 0;
  bool batchFirst, backwards;
  double clip;
  std::vector<Function> functions; ///< of each direction

  int64_t direction = 0;
  Value weights, recurrent, bias, recurrentBias; ///< the last two null without B
  Value inside; ///< bool [steps, batch, 1]: not beyond the sequence's end; null where none is shorter

  Recurrence(Call &call, int64_t gates, std::vector<std::string> names);

  bool isReverse() const { return backwards || direction == 1; }
  Value part(size_t i) const { return b.reshape(b.slice(call.in(i), 0, direction, 1), sizesOf(call.in(i)).drop_front()); }
  Value initial(size_t i) const {
    if (!call.has(i))
      return b.splat(elementOf(call.in(0)), {batch, hidden}, 0);
    return b.reshape(b.slice(call.in(i), batchFirst ? 1 : 0, direction, 1), {batch, hidden});
  }
  /// Of gates side by side.
  Value gate(Value all, int64_t i, int64_t count = 1) const { return b.slice(all, rankOf(all) - 1, i * hidden, count * hidden); }
  Value plus(Value x, Value y) const { return y ? b.map<AddOp>(x, y) : x; }
  /// The inputs' part of the gates, for all steps.
  Value project(Value bias) const {
    return plus(b.contract(call.in(0), weights, batchFirst ? "bti,gi->tbg" : "tbi,gi->tbg"), bias);
  }
  Value recur(Value h, Value weights) const { return b.contract(h, weights, "bh,gh->bg"); }
  /// Clipping is the gates' alone, as ONNX Runtime has it.
  Value apply(size_t which, Value gate) const { return plain(which, clip > 0 ? b.clamp(gate, -clip, clip) : gate); }
  Value plain(size_t which, Value x) const {
    size_t each = functions.size() / static_cast<size_t>(directions);
    return functions[static_cast<size_t>(direction) * each + which](b, x);
  }
  /// Beyond a sequence's end the states stay and the output is 0, for both directions.
  Values scan(ArrayRef<Value> states, Value inputs, llvm::function_ref<Values(ArrayRef<Value>, Value)> step) const {
    SmallVector<Value> over = {inputs};
    if (inside)
      over.push_back(inside);
    return b.scan(states, over, isReverse(), [&](ArrayRef<Value> state, ArrayRef<Value> now) {
      Values made = step(state, now[0]);
      for (size_t i = 0; inside && i < made.size(); ++i)
        made[i] = b.select(now[1], made[i], i < state.size() ? state[i] : b.fill(made[i], 0));
      return made;
    });
  }
  /// `scan` gives of one direction the last states, then the stack of the first of them. Y is all states, Y_h and Y_c the last ones.
  void write(llvm::function_ref<Values()> scan);

private:
  void expect(size_t i, const char *what, Sizes shape) const {
    if (call.has(i) && sizesOf(call.in(i)) != shape)
      call.refuse("its " + std::string(what) + " is " + shapeText(call.in(i)) + ", expected shape " + sizesText(shape));
  }
  void checkShapes();
};

Recurrence::Recurrence(Call &call, int64_t gates, std::vector<std::string> names) : call(call), b(call.builder), gates(gates) {
  call.ignore({"output_sequence", "activation_alpha", "activation_beta"});
  std::string way = call.text("direction", "forward");
  if (way != "forward" && way != "reverse" && way != "bidirectional")
    call.refuse("its direction is " + quoted(way) + ", expected forward, reverse or bidirectional");
  backwards = way == "reverse";
  directions = way == "bidirectional" ? 2 : 1;
  batchFirst = call.integer("layout", 0) != 0;
  clip = call.number("clip", 0.0);
  size_t each = names.size();
  if (directions == 2)
    for (size_t i = 0; i < each; ++i)
      names.push_back(std::string(names[i]));
  if (const auto *given = call.attribute("activations"))
    if (const auto *texts = std::get_if<std::vector<std::string>>(&given->value); texts && !texts->empty())
      names = *texts;
  if (names.size() != each * static_cast<size_t>(directions))
    call.refuse("it names " + std::to_string(names.size()) + " activations, expected " +
                std::to_string(each * static_cast<size_t>(directions)));
  for (const std::string &name : names)
    functions.push_back(functionOf(call, name));
  checkShapes();
}

void Recurrence::checkShapes() {
  if (rankOf(call.floats(0)) != 3 || rankOf(call.in(1)) != 3 || rankOf(call.in(2)) != 3)
    call.refuse("X, W and R are " + shapeText(call.in(0)) + ", " + shapeText(call.in(1)) + " and " + shapeText(call.in(2)) +
                ", expected three dimensions each");
  Sizes x = sizesOf(call.in(0));
  int64_t length = x[batchFirst ? 1 : 0];
  batch = x[batchFirst ? 0 : 1];
  hidden = sizesOf(call.in(2))[2];
  if (int64_t said = call.integer("hidden_size", hidden); said != hidden)
    call.refuse("its hidden_size is " + std::to_string(said) + ", but R is " + shapeText(call.in(2)));
  expect(1, "W", {directions, gates * hidden, x[2]});
  expect(2, "R", {directions, gates * hidden, hidden});
  expect(3, "B", {directions, 2 * gates * hidden});
  Shape state = batchFirst ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  expect(5, "initial_h", state);
  expect(6, "initial_c", state);
  expect(7, "P", {directions, 3 * hidden});
  expect(4, "sequence_lens", {batch});
  auto known = call.has(4) ? b.knownIntegers(call.in(4)) : std::nullopt;
  if (call.has(4) && !(known && llvm::all_of(*known, [&](int64_t each) { return each == length; })))
    inside = b.unsqueeze(b.map<LtOp>(b.iota(elementOf(call.in(4)), {length, batch}, 0), call.in(4)), 2);
}

void Recurrence::write(llvm::function_ref<Values()> scan) {
  Values joined;
  for (direction = 0; direction < directions; ++direction) {
    weights = part(1);
    recurrent = part(2);
    if (call.has(3)) {
      bias = b.slice(part(3), 0, 0, gates * hidden);
      recurrentBias = b.slice(part(3), 0, gates * hidden, gates * hidden);
    }
    Values results = scan();
    std::rotate(results.begin(), results.end() - 1, results.end());
    for (size_t i = 0; i < results.size(); ++i) {
      int64_t dim = i == 0 ? 1 : 0;
      Value one = b.unsqueeze(results[i], dim);
      if (direction == 0)
        joined.push_back(one);
      else
        joined[i] = b.concat({joined[i], one}, dim);
    }
  }
  for (size_t i = 0; i < joined.size(); ++i)
    call.result(i, !batchFirst ? joined[i] : b.transpose(joined[i], i == 0 ? Shape{2, 0, 1, 3} : Shape{1, 0, 2}));
}
} // namespace

/// h' = f(W x + R h + biases)
static void writeRnn(Call &call) {
  Recurrence r(call, 1, {"Tanh"});
  r.write([&] {
    Value inputs = r.project(r.bias ? r.plus(r.bias, r.recurrentBias) : Value());
    return r.scan(r.initial(5), inputs, [&](ArrayRef<Value> state, Value now) -> Values {
      Value h = r.apply(0, r.plus(now, r.recur(state[0], r.recurrent)));
      return {h, h};
    });
  });
}

/// Gates z, r, h: h' = (1 - z) * candidate + z * h; the candidate sees r * h, or r times the product of h (linear_before_reset).
static void writeGru(Call &call) {
  bool resetsLast = call.integer("linear_before_reset", 0) != 0;
  Recurrence r(call, 3, {"Sigmoid", "Tanh"});
  GraphBuilder &b = r.b;
  r.write([&] {
    Value inputs = r.project(r.bias);
    auto rows = [&](int64_t from, int64_t count) { return b.slice(r.recurrent, 0, from * r.hidden, count * r.hidden); };
    auto biasOf = [&](int64_t from, int64_t count) { return r.recurrentBias ? r.gate(r.recurrentBias, from, count) : Value(); };
    return r.scan(r.initial(5), inputs, [&](ArrayRef<Value> state, Value now) -> Values {
      Value h = state[0], z, reset, candidate;
      if (resetsLast) {
        Value inner = r.plus(r.recur(h, r.recurrent), r.recurrentBias);
        z = r.apply(0, r.plus(r.gate(now, 0), r.gate(inner, 0)));
        reset = r.apply(0, r.plus(r.gate(now, 1), r.gate(inner, 1)));
        candidate = b.map<MulOp>(reset, r.gate(inner, 2));
      } else {
        Value both = r.plus(r.gate(now, 0, 2), r.plus(r.recur(h, rows(0, 2)), biasOf(0, 2)));
        z = r.apply(0, r.gate(both, 0));
        reset = r.apply(0, r.gate(both, 1));
        candidate = r.plus(r.recur(b.map<MulOp>(reset, h), rows(2, 1)), biasOf(2, 1));
      }
      candidate = r.apply(1, r.plus(r.gate(now, 2), candidate));
      h = b.map<AddOp>(candidate, b.map<MulOp>(z, b.map<SubOp>(h, candidate)));
      return {h, h};
    });
  });
}

/// Gates i, o, f, c, with peepholes P of i, o, f: c' = f * c + i * g(...), h' = o * h(c').
static void writeLstm(Call &call) {
  bool coupled = call.integer("input_forget", 0) != 0;
  Recurrence r(call, 4, {"Sigmoid", "Tanh", "Tanh"});
  GraphBuilder &b = r.b;
  r.write([&] {
    Value inputs = r.project(r.bias ? r.plus(r.bias, r.recurrentBias) : Value());
    Value peepholes = call.has(7) ? r.part(7) : Value();
    Value states[] = {r.initial(5), r.initial(6)};
    return r.scan(states, inputs, [&](ArrayRef<Value> state, Value now) -> Values {
      Value all = r.plus(now, r.recur(state[0], r.recurrent)), cell = state[1];
      auto gate = [&](int64_t i, int64_t peephole) {
        Value seen = peepholes && peephole >= 0 ? b.map<MulOp>(r.gate(peepholes, peephole), cell) : Value();
        return r.plus(r.gate(all, i), seen);
      };
      Value in = r.apply(0, gate(0, 0));
      Value forget = coupled ? b.map<SubOp>(1, in) : r.apply(0, gate(2, 2));
      cell = b.map<AddOp>(b.map<MulOp>(forget, cell), b.map<MulOp>(in, r.apply(1, gate(3, -1))));
      Value h = b.map<MulOp>(r.apply(0, gate(1, 1)), r.plain(2, cell));
      return {h, cell, h};
    });
  });
}

static const Rules rules = {
    {"RNN", 3, 6, writeRnn},
    {"GRU", 3, 6, writeGru},
    {"LSTM", 3, 8, writeLstm},
};
