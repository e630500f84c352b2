//===- Rule.h - how one ONNX operator is written in the dialect ------------------------------------------------===//
//
// A rule is a function that reads one node through a Call and writes its results with the GraphBuilder. Rules register themselves,
// one file per family in rules/: there is no list of them. What a rule cannot do it refuses; the importer collects refusals.
//
//   static void writeRelu(Call &call) { call.result(call.builder.map<MaxOp>(call.in(0), 0)); }
//   static const Rules rules = {{"Relu", 1, 1, writeRelu}};
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_RULE_H
#define KILN_FRONTEND_ONNX_RULE_H
#include "frontend/builder/GraphBuilder.h"
#include "frontend/onnx/Model.h"
#include <set>

namespace kiln::onnx {

/// What the importer does for rules.
class Surroundings {
public:
  virtual ~Surroundings() = default;
  /// A graph inside a node, in place, its inputs being the given values; its outputs.
  virtual std::vector<mlir::Value> writeInner(const Graph &graph, llvm::ArrayRef<mlir::Value> inputs = {}) = 0;
  virtual bool trains() const = 0; ///< dropouts and batch norms are marked (frontend/builder/Marks.h)
  virtual bool isStatistic(llvm::StringRef parameter) const = 0; ///< one that the training keeps
  virtual mlir::Value place(const Tensor &tensor, const std::string &name) = 0; ///< a constant, or a parameter when it is large
};

/// One node while it is written. Every method that reads throws BuildError when the node does not fit.
class Call {
public:
  Call(const Node &node, GraphBuilder &builder, Surroundings &around, std::vector<mlir::Value> inputs)
      : node(node), builder(builder), around(around), inputs(std::move(inputs)), outputs(node.outputs.size()) {}

  //===- inputs -===//
  size_t size() const { return inputs.size(); }
  bool has(size_t i) const { return i < inputs.size() && inputs[i]; }
  mlir::Value in(size_t i) const;
  mlir::Value floats(size_t i) const; ///< in(i), which must be of floating point
  Shape integersIn(size_t i, const char *what) const; ///< in(i), which must be known at compile time
  int64_t integerIn(size_t i, const char *what) const;
  double numberIn(size_t i, const char *what) const;
  std::vector<double> numbersIn(size_t i, const char *what) const;

  //===- attributes; each that a node has must be read or ignored by its rule -===//
  bool given(const char *name) const { return node.attribute(name); }
  int64_t integer(const char *name, std::optional<int64_t> absent = std::nullopt);
  double number(const char *name, std::optional<double> absent = std::nullopt);
  std::string text(const char *name, std::optional<std::string> absent = std::nullopt);
  std::optional<Shape> integers(const char *name);
  const Attribute *attribute(const char *name); ///< raw; null when absent
  void ignore(std::initializer_list<const char *> names);
  void requireAllRead() const;

  //===- judgement -===//
  int64_t axis(int64_t value, int64_t rank) const; ///< made non-negative, or refused
  Shape axes(Shape values, int64_t rank) const; ///< the same, sorted, each once
  [[noreturn]] void refuse(const std::string &reason) const { throw BuildError{reason}; }

  //===- results -===//
  bool wants(size_t i) const { return i < node.outputs.size() && !node.outputs[i].empty(); }
  void result(mlir::Value value) { result(0, value); }
  void result(size_t i, mlir::Value value) {
    if (i < outputs.size())
      outputs[i] = value;
  }
  const std::vector<mlir::Value> &results() const { return outputs; }

  const Node &node;
  GraphBuilder &builder;
  Surroundings &around;

private:
  template <typename T> const T *typed(const char *name, const char *expected);

  std::vector<mlir::Value> inputs, outputs;
  std::set<std::string> read;
};

struct Rule {
  const char *op;
  size_t fewest, most; ///< inputs
  void (*write)(Call &call);
};
constexpr size_t unlimited = ~size_t(0);

/// Enters rules into the registry when it is made, before main.
struct Rules {
  Rules(std::initializer_list<Rule> rules);
};

const Rule *findRule(const std::string &op); ///< null when there is none

} // namespace kiln::onnx

#endif
