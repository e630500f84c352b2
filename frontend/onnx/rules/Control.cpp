//===- Control.cpp - control flow that is known at compile time ------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"

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

static const Rules rules = {
    {"If", 1, 1, writeIf},
};
