//===- Cases.h - graphs of one layer, loss or update each, for tests that run them ------------------------------===//
//
// Each file with cases adds them to a Writer by name; a case's inputs and results are called `case.name`. All cases of a set are one module.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_UNIT_BUILDER_CASES_H
#define KILN_TESTS_UNIT_BUILDER_CASES_H
#include "frontend/builder/FunctionWriter.h"
#include "frontend/builder/Layers.h"
#include "frontend/builder/Scope.h"

namespace kiln::builder::test {

class Writer {
public:
  explicit Writer(mlir::MLIRContext &context) : function(context), b(function.b) {}
  /// f32 unless said.
  mlir::Value input(const std::string &name, Sizes shape, Element element = Element::F32);
  void result(const std::string &name, mlir::Value value) { function.result(name, value); }
  /// The model, whose parameters and statistics are inputs; its result is `name.y`. In training there are also the inputs `name.key` and
  /// `name.weight`, and the results `name.STATISTIC`.
  /// Answers the inputs, and the result behind them.
  Inputs model(const std::string &name, const Model &model, int64_t batch, bool training = false);
  /// One layer on one input, `name.x`; the first size is the batch.
  void layer(const std::string &name, const Layer &layer, std::vector<int64_t> shape, bool training = false,
             Element element = Element::F32);
  /// First and second derivatives of a layer in training: of sum(tanh(layer(x))) with respect to `name.x` the gradient, `name.slope`, and the
  /// product of the matrix of second derivatives with `name.v`, `name.bend`.
  void curvature(const std::string &name, const Layer &layer, std::vector<int64_t> shape);
  void print(const std::string &path);

  FunctionWriter function;
  GraphBuilder &b;
};

void addLayers(Writer &w);
void addLosses(Writer &w);
void addUpdates(Writer &w);
/// Whole training graphs: NAME.step.mlir and NAME.evaluate.mlir, and NAME.json with the parts of the regions.
void writeSteps(const std::string &folder);

} // namespace kiln::builder::test

#endif
