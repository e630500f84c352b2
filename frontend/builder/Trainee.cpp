#include "frontend/builder/Trainee.h"
#include "frontend/builder/Marks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace kiln::builder {

Trainee traineeOf(const Model &model, int64_t batch, uint64_t seed, MLIRContext &context) {
  Instance instance = instantiate(model, batch, seed, context);
  Trainee trainee;
  for (const Tensor &each : model.inputs) {
    Shape shape = each.node->shape;
    shape.insert(shape.begin(), batch);
    trainee.inputs.push_back({each.node->name, RankedTensorType::get(shape, typeOf(each.node->element, context))});
  }
  trainee.parameters = std::move(instance.parameters);
  trainee.statistics = std::move(instance.statistics);
  trainee.inference = std::move(instance.inference);
  trainee.batch = batch;
  trainee.write = [model](Scope &scope, const Inputs &inputs) { return builder::write(model, scope, inputs); };
  return trainee;
}

/// What is not trained becomes part of the graph, so that a checkpoint of the trained ones is whole.
static void freeze(WeightedModule &inference, ParameterOp parameter, func::FuncOp function) {
  std::string name = parameter.getSymName().str();
  auto type = mlir::cast<RankedTensorType>(parameter.getType());
  std::string_view bytes = inference.weights.at(name).view();
  std::string packed;
  if (type.getElementType().isInteger(1)) { // a bit each
    packed.resize((bytes.size() + 7) / 8);
    for (size_t i = 0; i < bytes.size(); ++i)
      packed[i / 8] = static_cast<char>(packed[i / 8] | ((bytes[i] ? 1 : 0) << (i % 8)));
    bytes = packed;
  }
  auto value = DenseElementsAttr::getFromRawBuffer(type, ArrayRef(bytes.data(), bytes.size()));
  function.walk([&](UseOp use) {
    if (use.getParameter() != name)
      return;
    OpBuilder ops(use);
    use.replaceAllUsesWith(ops.create<ConstantOp>(use.getLoc(), type, value).getResult());
    use.erase();
  });
  inference.weights.erase(name);
  parameter.erase();
}

Trainee traineeOf(WeightedModule inference) {
  auto function = inference.module->lookupSymbol<func::FuncOp>("main");
  if (!function || !llvm::hasSingleElement(function.getBody()) || function.getNumResults() < 1)
    throw BuildError{"the graph has no function @main of one block with a result"};
  Trainee trainee;
  for (ParameterOp each : llvm::make_early_inc_range(inference.module->getOps<ParameterOp>())) {
    auto type = mlir::cast<RankedTensorType>(each.getType());
    if (!type.getElementType().isF32() || type.getRank() == 0 || each->hasAttr("kiln.frozen"))
      freeze(inference, each, function);
    else
      (each->hasAttr("kiln.statistic") ? trainee.statistics : trainee.parameters)
          .push_back({each.getSymName().str(), shapeOf(type)});
  }
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, "kiln.name");
    auto type = mlir::cast<RankedTensorType>(function.getArgument(i).getType());
    trainee.inputs.push_back({name ? name.str() : "input." + std::to_string(i), type});
    if (type.getRank() == 0 || (i && type.getDimSize(0) != trainee.batch))
      throw BuildError{"the model's input '" + trainee.inputs.back().name + "' is of shape " + sizesText(type.getShape()) +
                       ", expected the batch as the first dimension of every input"};
    trainee.batch = type.getDimSize(0);
  }
  std::set<std::string> statistics;
  for (const Parameter &each : trainee.statistics)
    statistics.insert(each.name);
  trainee.write = [function, statistics](Scope &scope, const Inputs &inputs) mutable {
    IRMapping map;
    map.map(function.getArguments(), inputs);
    MarkedCopy copy(scope, map);
    Block &block = function.getBody().front();
    for (Operation &op : block.without_terminator())
      if (auto use = dyn_cast<UseOp>(op)) {
        std::string name = use.getParameter().str();
        bool kept = statistics.count(name);
        map.map(use.getResult(), kept ? scope.statistic(name, shapeOf(use.getType()), 0)
                                      : scope.parameter(name, shapeOf(use.getType()), Initializer::zeros()));
        if (kept)
          copy.use(use);
      } else {
        copy.write(&op);
      }
    return map.lookup(block.getTerminator()->getOperand(0));
  };
  trainee.inference = std::move(inference);
  return trainee;
}

} // namespace kiln::builder
