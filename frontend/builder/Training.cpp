//===- Training.cpp - see Training.h -----------------------------------------------------------------------------===//
#include "frontend/builder/Training.h"
#include "frontend/builder/FunctionWriter.h"
#include "frontend/builder/LossWriter.h"
#include "frontend/builder/OptimizerWriter.h"
#include "frontend/builder/Regions.h"
#include "frontend/builder/Trainee.h"

using namespace mlir;

namespace kiln::builder {

namespace {
/// One of the two modules being written.
class GraphWriter {
public:
  GraphWriter(const Trainee &trainee, const TrainingGraphs &graphs, const TrainingOptions &options, MLIRContext &context)
      : trainee(trainee), graphs(graphs), options(options), writer(context), b(writer.b), f32(writer.ops.getF32Type()),
        i64(writer.ops.getI64Type()) {}

  OwningOpRef<ModuleOp> step();
  OwningOpRef<ModuleOp> evaluate();
  double threshold() const { return thresholdOf(options.loss, prediction); }

private:
  Value flat(const std::string &name, const std::vector<Part> &parts) {
    return parts.empty() ? Value() : writer.input(name, f32, {sizeOf(parts)});
  }
  void readModelInputs();
  void writeForward(Region &parameters, Region &statistics, const TrainingValues *training);
  Value gradientOf(Value objective, Region &parameters);
  Value largestOf(Value whole) { return b.reduce(b.map<AbsOp>(whole), ReduceKind::Max, 0); }

  const Trainee &trainee;
  const TrainingGraphs &graphs;
  const TrainingOptions &options;
  FunctionWriter writer;
  GraphBuilder &b;
  Type f32, i64;
  Inputs inputs;
  Value target, weight, prediction, loss;
};
} // namespace

void GraphWriter::readModelInputs() {
  for (const Trainee::Input &each : trainee.inputs)
    inputs.push_back(writer.input(each.name, each.type.getElementType(), each.type.getShape()));
}

/// The target's type is known when the prediction is; inputs may come at any time.
void GraphWriter::writeForward(Region &parameters, Region &statistics, const TrainingValues *training) {
  RegionStore store(parameters, statistics);
  Scope scope(b, store, training);
  prediction = trainee.write(scope, inputs);
  if (rankOf(prediction) < 1 || sizesOf(prediction)[0] != trainee.batch)
    throw BuildError{"the model's result is " + shapeText(prediction) + " for a batch of " + std::to_string(trainee.batch)};
  auto type = targetOf(options.loss, mlir::cast<RankedTensorType>(prediction.getType()));
  target = writer.input("target", type.getElementType(), type.getShape());
  if (!weight)
    weight = writer.input("weight", f32, {trainee.batch});
  b.at(NameLoc::get(writer.ops.getStringAttr("loss")));
  Value rows = writeLoss(b, options.loss, prediction, target);
  loss = b.reduce(b.map<MulOp>(rows, weight), ReduceKind::Add, 0);
}

Value GraphWriter::gradientOf(Value objective, Region &parameters) {
  b.at(NameLoc::get(writer.ops.getStringAttr("gradient")));
  return parameters.joined(b.gradient(objective, parameters.views()));
}

OwningOpRef<ModuleOp> GraphWriter::step() {
  Value whole = flat("parameters", graphs.parameters);
  Update old{whole, {}};
  for (size_t i = 0; i < graphs.optimizerStates; ++i)
    old.states.push_back(flat("optimizer." + std::to_string(i), graphs.parameters));
  Value running = flat("statistics", graphs.statistics), sum;
  if (options.accumulate > 1)
    sum = flat("gradients", graphs.parameters);
  Value step = writer.input("step", i64, {}), rate = writer.input("rate", f32, {}), seed = writer.input("seed", i64, {}), apply;
  if (sum)
    apply = writer.input("apply", writer.ops.getI1Type(), {});
  readModelInputs();
  weight = writer.input("weight", f32, {trainee.batch});
  Region parameters(b, graphs.parameters, whole), statistics(b, graphs.statistics, running);
  TrainingValues training{b.concat({b.reshape(seed, {1}), b.reshape(step, {1})}, 0), weight};
  writeForward(parameters, statistics, &training);

  Value count = b.reduce(weight, ReduceKind::Add, 0);
  count = b.select(b.map<EqOp>(count, 0.0), b.fill(count, 1), count);
  Value gradient = gradientOf(isSummed(options.loss) ? loss : b.map<DivOp>(loss, count), parameters), rest;
  b.at(NameLoc::get(writer.ops.getStringAttr("update")));
  if (sum) {
    gradient = b.map<AddOp>(sum, b.divide(gradient, static_cast<double>(options.accumulate)));
    rest = b.select(apply, b.fill(gradient, 0), gradient);
  }
  int64_t decayed = 0;
  for (const Part &each : graphs.parameters)
    decayed += each.shape.size() > 1 ? each.count : 0;
  Update made = writeUpdate(b, options.optimizer, old, gradient, rate, b.cast(step, f32), decayed);
  auto applied = [&](Value now, Value before) { return sum ? b.select(apply, now, before) : now; };
  Value left = applied(made.parameters, whole), moved = running ? statistics.updated() : Value();
  writer.result("parameters", left, true);
  for (size_t i = 0; i < old.states.size(); ++i)
    writer.result("optimizer." + std::to_string(i), applied(made.states[i], old.states[i]), true);
  if (running)
    writer.result("statistics", moved, true);
  if (sum)
    writer.result("gradients", rest, true);
  writer.result("loss", loss);
  if (options.prediction)
    writer.result("prediction", prediction);
  if (options.largest)
    writer.result("largest", moved ? b.map<MaxOp>(largestOf(left), largestOf(moved)) : largestOf(left));
  return writer.finish();
}

OwningOpRef<ModuleOp> GraphWriter::evaluate() {
  Region parameters(b, graphs.parameters, flat("parameters", graphs.parameters));
  Region statistics(b, graphs.statistics, flat("statistics", graphs.statistics));
  readModelInputs();
  writeForward(parameters, statistics, nullptr);
  writer.result("loss", loss);
  writer.result("prediction", prediction);
  return writer.finish();
}

TrainingGraphs writeTraining(Trainee trainee, const TrainingOptions &options) {
  if (options.accumulate < 1)
    throw BuildError{"gradients are accumulated over " + std::to_string(options.accumulate) + " steps, expected at least 1"};
  if (trainee.parameters.empty())
    throw BuildError{"the model has no parameter that could be trained"};
  MLIRContext &context = *trainee.inference.module->getContext();
  TrainingGraphs graphs;
  graphs.parameters = partsOf(trainee.parameters, true);
  graphs.statistics = partsOf(trainee.statistics, false);
  checkElements({sizeOf(graphs.parameters)});
  graphs.optimizerStates = stateCount(options.optimizer);
  graphs.batch = trainee.batch;
  graphs.step = GraphWriter(trainee, graphs, options, context).step();
  GraphWriter evaluation(trainee, graphs, options, context);
  graphs.evaluate = evaluation.evaluate();
  graphs.threshold = evaluation.threshold();
  graphs.inference = std::move(trainee.inference);
  return graphs;
}

/// A result, or the BuildError as an llvm::Error.
template <typename Build> static auto caught(Build build) -> llvm::Expected<decltype(build())> {
  try {
    return build();
  } catch (const BuildError &error) {
    return llvm::createStringError("%s", error.message.c_str());
  }
}

llvm::Expected<TrainingGraphs> buildTraining(const Model &model, int64_t batch, uint64_t seed, const TrainingOptions &options,
                                             MLIRContext &context) {
  return caught([&] { return writeTraining(traineeOf(model, batch, seed, context), options); });
}

llvm::Expected<TrainingGraphs> buildTraining(WeightedModule inference, const TrainingOptions &options) {
  return caught([&] { return writeTraining(traineeOf(std::move(inference)), options); });
}

llvm::Expected<WeightedModule> buildInference(const Model &model, int64_t batch, uint64_t seed, MLIRContext &context) {
  return caught([&] { return instantiate(model, batch, seed, context).inference; });
}

} // namespace kiln::builder
