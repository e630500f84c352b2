//===- Control.cpp - control flow that is known at compile time ------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

/// Exporters ask shapes questions ("is the last dimension 1?"); with fixed shapes the answer is known, and one branch is the graph.
static void writeIf(Call &call) {
  bool condition = call.integerIn(0, "condition") != 0;
  call.ignore({"then_branch", "else_branch"});
  const auto *taken = call.attribute(condition ? "then_branch" : "else_branch");
  const auto *graph = taken ? std::get_if<std::shared_ptr<const Graph>>(&taken->value) : nullptr;
  if (!graph)
    call.refuse("its branch is missing");
  std::vector<Value> results = call.around.writeInner(**graph);
  if (results.size() != call.node.outputs.size())
    call.refuse("its branch has " + std::to_string(results.size()) + " outputs, expected " +
                std::to_string(call.node.outputs.size()));
  for (size_t i = 0; i < results.size(); ++i)
    call.result(i, results[i]);
}

static const Rules rules = {
    {"If", 1, 1, writeIf},
};
