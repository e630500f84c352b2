#include "frontend/builder/Instantiate.h"
#include "frontend/builder/FunctionWriter.h"

using namespace mlir;

namespace kiln::builder {

namespace {
class InferenceStore : public Store {
public:
  InferenceStore(FunctionWriter &writer, Instance &instance, uint64_t seed) : writer(writer), instance(instance), seed(seed) {}
  Value parameter(const Parameter &parameter) override { return place(parameter, instance.parameters, false); }
  Value statistic(const Parameter &statistic) override { return place(statistic, instance.statistics, true); }

private:
  Value place(const Parameter &wanted, std::vector<Parameter> &list, bool statistic) {
    Value &known = values[wanted.name];
    if (known && shapeOf(known.getType()) != wanted.shape)
      throw BuildError{"parameter '" + wanted.name + "' is asked for as " + sizesText(wanted.shape) + " and as " +
                       shapeText(known)};
    if (known)
      return known;
    std::vector<float> numbers =
        wanted.initial.fill(wanted.count(), wanted.fans, seed, wanted.name, wanted.shape.empty() ? 1 : wanted.shape[0]);
    auto bytes = std::string(reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(float));
    instance.inference.weights.emplace(wanted.name, Bytes(std::move(bytes)));
    list.push_back(wanted);
    return known = writer.parameter(wanted.name, RankedTensorType::get(wanted.shape, writer.ops.getF32Type()), statistic);
  }

  FunctionWriter &writer;
  Instance &instance;
  uint64_t seed;
  std::map<std::string, Value> values;
};
} // namespace

Type typeOf(Element element, MLIRContext &context) {
  if (element == Element::I64)
    return IntegerType::get(&context, 64);
  return Float32Type::get(&context);
}

Instance instantiate(const Model &model, int64_t batch, uint64_t seed, MLIRContext &context) {
  if (batch < 1)
    throw BuildError{"the batch has " + std::to_string(batch) + " rows, expected at least 1"};
  FunctionWriter writer(context);
  Instance instance;
  InferenceStore store(writer, instance, seed);
  Scope scope(writer.b, store, nullptr);
  Inputs inputs;
  for (const Tensor &each : model.inputs) {
    Shape shape = each.node->shape;
    shape.insert(shape.begin(), batch);
    inputs.push_back(writer.input(each.node->name, typeOf(each.node->element, context), shape));
  }
  writer.result(model.output, write(model, scope, inputs));
  instance.inference.module = writer.finish();
  return instance;
}

} // namespace kiln::builder
