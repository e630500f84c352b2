//===- Control.cpp - control flow that is known at compile time ------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static std::vector<Value> branch(Call &call, const char *name) {
  const auto *attribute = call.attribute(name);
  const auto *graph = attribute ? std::get_if<std::shared_ptr<const Graph>>(&attribute->value) : nullptr;
  if (!graph)
    call.refuse("its " + std::string(name) + " is missing");
  std::vector<Value> results = call.around.writeInner(**graph);
  if (results.size() != call.node.outputs.size())
    call.refuse("its " + std::string(name) + " has " + std::to_string(results.size()) + " outputs, expected " +
                std::to_string(call.node.outputs.size()));
  return results;
}

/// Exporters ask shapes questions ("is the last dimension 1?"); with fixed shapes the answer is known, and one branch is the graph. A
/// condition that is data chooses between the results of both: nothing in a graph has effects.
static void writeIf(Call &call) {
  call.ignore({"then_branch", "else_branch"});
  auto known = call.builder.knownIntegers(call.in(0));
  if (countOf(call.in(0)) != 1 || !elementOf(call.in(0)).isInteger(1))
    call.refuse("its condition is " + shapeText(call.in(0)) + ", expected one bool");
  std::vector<Value> results = branch(call, !known || known->front() ? "then_branch" : "else_branch");
  std::vector<Value> others = known ? results : branch(call, "else_branch");
  Value condition = call.builder.reshape(call.in(0), {});
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].getType() != others[i].getType())
      call.refuse("its branches give " + shapeText(results[i]) + " and " + shapeText(others[i]) + ", and its condition is data");
    call.result(i, results[i] == others[i] ? results[i] : call.builder.select(condition, results[i], others[i]));
  }
}

/// The states, then the inputs in steps along an axis each; what goes against the steps is turned round before or after.
static void writeScan(Call &call) {
  GraphBuilder &b = call.builder;
  if (call.node.opset < 9)
    call.refuse("it is one of opset 8, over batches; kiln compiles those from opset 9 on");
  const auto *attribute = call.attribute("body");
  const auto *graph = attribute ? std::get_if<std::shared_ptr<const Graph>>(&attribute->value) : nullptr;
  auto count = static_cast<size_t>(std::max<int64_t>(call.integer("num_scan_inputs", 0), 0));
  if (!graph || count < 1 || count > call.size() || (*graph)->inputs.size() != call.size() ||
      (*graph)->outputs.size() + count < call.size())
    call.refuse("its body does not fit: it has " + std::to_string(call.size()) + " inputs, " + std::to_string(count) +
                " of them scanned, its body " + std::to_string(graph ? (*graph)->inputs.size() : 0) + " inputs and " +
                std::to_string(graph ? (*graph)->outputs.size() : 0) + " outputs");
  size_t states = call.size() - count, outputs = (*graph)->outputs.size() - states;
  auto listed = [&](const char *name, size_t length) {
    Shape given = call.integers(name).value_or(Shape(length, 0));
    if (given.size() != length)
      call.refuse("its " + std::string(name) + " has " + std::to_string(given.size()) + " entries, expected " +
                  std::to_string(length));
    return given;
  };
  Shape axes = listed("scan_input_axes", count), turned = listed("scan_input_directions", count);
  Shape outputAxes = listed("scan_output_axes", outputs), outputTurned = listed("scan_output_directions", outputs);
  auto moved = [&](Value x, int64_t from, int64_t to) { // one dimension to another place
    Shape perm(rankOf(x));
    std::iota(perm.begin(), perm.end(), 0);
    perm.erase(perm.begin() + from);
    perm.insert(perm.begin() + to, from);
    return b.transpose(x, perm);
  };
  auto turn = [&](Value x) { return b.slice(x, 0, sizesOf(x)[0] - 1, sizesOf(x)[0], -1); };
  SmallVector<Value> carried, over;
  for (size_t i = 0; i < states; ++i)
    carried.push_back(call.in(i));
  for (size_t i = 0; i < count; ++i) {
    Value x = call.in(states + i);
    x = moved(x, call.axis(axes[i], rankOf(x)), 0);
    over.push_back(turned[i] ? turn(x) : x);
  }
  std::vector<Value> results = b.scan(carried, over, false, [&](ArrayRef<Value> state, ArrayRef<Value> now) {
    SmallVector<Value> inputs(state);
    llvm::append_range(inputs, now);
    return call.around.writeInner(**graph, inputs);
  });
  for (size_t i = 0; i < results.size(); ++i) {
    Value result = results[i];
    if (i >= states) {
      result = outputTurned[i - states] ? turn(result) : result;
      result = moved(result, 0, call.axis(outputAxes[i - states], rankOf(result)));
    }
    call.result(i, result);
  }
}

static const Rules rules = {
    {"Scan", 1, unlimited, writeScan},
    {"If", 1, 1, writeIf},
};
