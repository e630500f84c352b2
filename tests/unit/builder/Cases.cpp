// kiln-builder-cases FOLDER: writes layers.mlir, losses.mlir, updates.mlir and the training graphs of StepCases.cpp.
#include "tests/unit/builder/Cases.h"
#include "frontend/builder/Instantiate.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace kiln::builder::test {

namespace {
class InputStore : public Store {
public:
  InputStore(Writer &writer, std::string prefix) : writer(writer), prefix(std::move(prefix)) {}
  Value parameter(const Parameter &parameter) override {
    Value &known = values[parameter.name];
    return known ? known : known = writer.input(prefix + "." + parameter.name, parameter.shape);
  }
  Value statistic(const Parameter &statistic) override { return parameter(statistic); }
  void update(const std::string &name, Value value) override { writer.result(prefix + "." + name, value); }

private:
  Writer &writer;
  std::string prefix;
  std::map<std::string, Value> values;
};
} // namespace

Value Writer::input(const std::string &name, Sizes shape, Element element) {
  return function.input(name, typeOf(element, *b.context()), shape);
}

Inputs Writer::model(const std::string &name, const Model &model, int64_t batch, bool training) {
  InputStore store(*this, name);
  Inputs inputs;
  for (const Tensor &each : model.inputs) {
    Shape shape = each.node->shape;
    shape.insert(shape.begin(), batch);
    inputs.push_back(input(name + "." + each.node->name, shape, each.node->element));
  }
  TrainingValues values;
  if (training)
    values = {input(name + ".key", {2}, Element::I64), input(name + ".weight", {batch})};
  Scope scope(b, store, training ? &values : nullptr);
  Value y = write(model, scope, inputs);
  result(name + ".y", y);
  inputs.push_back(y);
  return inputs;
}

void Writer::curvature(const std::string &name, const Layer &layer, std::vector<int64_t> shape) {
  int64_t batch = shape.front();
  Tensor x = builder::input("x", {shape.begin() + 1, shape.end()});
  Inputs values = model(name, Model(name, {x}, tanh()(layer(x))), batch, true);
  Value slope = b.gradient(values.back(), values.front()).front();
  result(name + ".slope", slope);
  result(name + ".bend", b.gradient(b.map<MulOp>(slope, input(name + ".v", shape)), values.front()).front());
}

void Writer::layer(const std::string &name, const Layer &layer, std::vector<int64_t> shape, bool training, Element element) {
  int64_t batch = shape.front();
  shape.erase(shape.begin());
  Tensor x = builder::input("x", shape, element);
  model(name, Model(name, {x}, layer(x)), batch, training);
}

void Writer::print(const std::string &path) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  stream << *function.finish() << "\n";
  if (error || stream.has_error())
    throw BuildError{"cannot write " + path};
}

} // namespace kiln::builder::test

int main(int argc, char **argv) {
  using namespace kiln::builder::test;
  if (argc != 2)
    return 2;
  std::string folder = argv[1];
  try {
    mlir::MLIRContext context;
    const std::pair<const char *, void (*)(Writer &)> sets[] = {
        {"/layers.mlir", addLayers}, {"/losses.mlir", addLosses}, {"/updates.mlir", addUpdates}};
    for (auto [name, add] : sets) {
      Writer writer(context);
      add(writer);
      writer.print(folder + name);
    }
    writeSteps(folder);
  } catch (const kiln::BuildError &error) {
    llvm::errs() << error.message << "\n";
    return 1;
  }
  return 0;
}
