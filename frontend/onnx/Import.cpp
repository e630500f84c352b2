//===- Import.cpp - see Import.h -------------------------------------------------------------------------------===//
#include "frontend/onnx/Import.h"
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include "frontend/onnx/Trained.h"
#include "frontend/onnx/Types.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include <new>
#include <unordered_map>
#include <unordered_set>

using namespace mlir;

namespace kiln::onnx {

namespace {

// An initialiser of at most so many elements is a constant, so that shapes, exponents and scales are known while rules run; what is left
// of them in the end becomes a parameter like the large ones.
constexpr int64_t mostIntegers = 4096, mostFloats = 8;

class Importer : public Surroundings {
public:
  Importer(const Model &model, const ImportOptions &options, MLIRContext &context)
      : model(model), options(options), ops(&context), module(ModuleOp::create(ops.getUnknownLoc())), moduleOwner(module),
        builder(ops, ops.getUnknownLoc()) {}

  Result<Import> run();

private:
  Location named(const std::string &name) { return NameLoc::get(ops.getStringAttr(name)); }
  void problem(const std::string &text) { problems.push_back(text); }
  void readDimensions();
  RankedTensorType inputType(const ValueInfo &input);
  void addInput(const ValueInfo &input);
  void writeGraph(const Graph &graph);
  std::vector<Value> writeInner(const Graph &graph, ArrayRef<Value> inputs) override;
  Value place(const Tensor &tensor, const std::string &name) override;
  bool trains() const override { return options.training; }
  bool isStatistic(StringRef parameter) const override { return statisticParameters.count(parameter.str()); }
  void writeNode(const Node &node);
  std::vector<Value> inputsOf(const Node &node);
  Value value(const std::string &name); ///< null when its node was refused
  Value parameter(const std::string &name, RankedTensorType type, Bytes bytes, const char *kind = "kiln.frozen");
  void finishFunction();
  void hoistConstants();
  void verifyAll();
  std::string allProblems() const;

  const Model &model;
  const ImportOptions &options;
  OpBuilder ops;
  ModuleOp module;
  OwningOpRef<ModuleOp> moduleOwner;
  GraphBuilder builder;
  func::FuncOp function;
  std::unordered_map<std::string, Value> values;
  std::unordered_map<std::string, const Tensor *> tensors;
  std::unordered_set<std::string> failed; ///< values of refused nodes, and of those behind them
  std::set<std::string> openDimensions;
  std::set<std::string> trained, statistics; ///< initialisers
  std::set<std::string> statisticParameters;
  std::map<std::string, Bytes> weights;
  std::vector<std::string> problems;
};

//===- the function's border -===//

void Importer::readDimensions() {
  for (const auto &[name, size] : options.dims)
    if (size < 1 || size > INT32_MAX)
      problem("dimension " + quoted(name) + " is set to " + std::to_string(size) + ", expected 1 to " + std::to_string(INT32_MAX));
}

RankedTensorType Importer::inputType(const ValueInfo &input) {
  std::string what = "input " + quoted(input.name);
  if (input.kind != "tensor")
    throw BuildError{what + " is a " + input.kind + ", expected a tensor"};
  Type element = requiredType(input.type, what, ops.getContext());
  if (!input.shape)
    throw BuildError{what + " has no shape; kiln needs its rank and dimensions in the model"};
  Shape shape;
  int64_t elements = 1;
  std::string open;
  for (const Dimension &dimension : *input.shape) {
    std::string key = dimension.name.empty() ? input.name + "." + std::to_string(shape.size()) : dimension.name;
    int64_t size = dimension.size;
    if (size < 0) {
      openDimensions.insert(key);
      auto given = options.dims.find(key);
      if (given == options.dims.end())
        open += (open.empty() ? "" : ", ") + ("dimension " + std::to_string(shape.size()) + " " + quoted(key)) +
                " is open; fix it with --dim " + key + "=SIZE";
      size = given == options.dims.end() ? 1 : given->second;
    }
    shape.push_back(size);
    if (size && (__builtin_mul_overflow(elements, size, &elements) || elements > INT32_MAX))
      throw BuildError{what + " has shape " + sizesText(shape) +
                       (dimension.name.empty() ? "" : " (" + quoted(dimension.name) + ")") + ", expected at most " +
                       std::to_string(INT32_MAX) + " elements"};
  }
  if (!open.empty())
    throw BuildError{what + ": " + open};
  return RankedTensorType::get(shape, element);
}

void Importer::addInput(const ValueInfo &input) {
  try {
    auto type = inputType(input);
    unsigned index = function.getNumArguments();
    function.insertArgument(index, type,
                            DictionaryAttr::get(ops.getContext(), ops.getNamedAttr("kiln.name", ops.getStringAttr(input.name))),
                            named(input.name));
    values[input.name] = function.getArgument(index);
  } catch (const BuildError &error) {
    problem(error.message);
    failed.insert(input.name);
  }
}

//===- values -===//

Value Importer::parameter(const std::string &wanted, RankedTensorType type, Bytes bytes, const char *kind) {
  std::string name = wanted;
  for (int i = 1; name == "main" || weights.count(name); ++i)
    name = wanted + "_" + std::to_string(i);
  OpBuilder atModule = OpBuilder::atBlockBegin(module.getBody());
  auto made = atModule.create<ParameterOp>(named(name), name, type, StringAttr());
  if (options.training && kind)
    made->setAttr(kind, ops.getUnitAttr());
  weights[name] = std::move(bytes);
  return ops.create<UseOp>(named(name), type, name);
}

Value Importer::place(const Tensor &tensor, const std::string &name) {
  Type element = requiredType(tensor.type, "tensor " + quoted(name), ops.getContext());
  if (tensor.elements() > INT32_MAX)
    throw BuildError{"tensor " + quoted(name) + " has " + std::to_string(tensor.elements()) + " elements, expected at most " +
                     std::to_string(INT32_MAX)};
  OpBuilder::InsertionGuard guard(ops);
  ops.setInsertionPointToEnd(&function.getBody().front()); // a loop's body comes and goes
  bool isTrained = trained.count(name), isStatistic = statistics.count(name);
  if (!isTrained && !isStatistic && tensor.elements() <= (isa<FloatType>(element) ? mostFloats : mostIntegers))
    return builder.constant(constantOf(tensor, element));
  Value made = parameter(name, RankedTensorType::get(tensor.shape, element), tensor.data,
                         isTrained     ? nullptr
                         : isStatistic ? "kiln.statistic"
                                       : "kiln.frozen");
  if (isStatistic)
    statisticParameters.insert(made.getDefiningOp<UseOp>().getParameter().str());
  return made;
}

Value Importer::value(const std::string &name) {
  auto known = values.find(name);
  if (known != values.end())
    return known->second;
  auto tensor = tensors.find(name);
  return tensor == tensors.end() ? Value() : values[name] = place(*tensor->second, name);
}

//===- nodes -===//

std::vector<Value> Importer::inputsOf(const Node &node) {
  std::vector<Value> inputs;
  for (const std::string &name : node.inputs)
    inputs.push_back(name.empty() ? Value() : value(name));
  while (!inputs.empty() && !inputs.back())
    inputs.pop_back();
  return inputs;
}

static void checkCount(const Rule &rule, size_t count) {
  if (count >= rule.fewest && count <= rule.most)
    return;
  std::string expected = std::to_string(rule.fewest);
  if (rule.most == unlimited)
    expected += " or more";
  else if (rule.most != rule.fewest)
    expected += " to " + std::to_string(rule.most);
  throw BuildError{"it has " + std::to_string(count) + " inputs, expected " + expected};
}

void Importer::writeNode(const Node &node) {
  std::string label = "node " + quoted(node.name) + " (" + (node.domain.empty() ? "" : node.domain + ".") + node.op + ", opset " +
                      std::to_string(node.opset) + ")";
  bool reachable = llvm::none_of(node.inputs, [&](const std::string &name) { return failed.count(name); });
  try {
    if (!node.domain.empty())
      throw BuildError{"kiln compiles no operators of domain " + quoted(node.domain)};
    const Rule *rule = findRule(node.op);
    if (!rule)
      throw BuildError{"kiln does not compile this operator"};
    if (node.outputs.empty())
      throw BuildError{"it has no output"};
    if (reachable) {
      builder.at(named(node.name));
      Call call(node, builder, *this, inputsOf(node));
      checkCount(*rule, call.size());
      rule->write(call);
      call.requireAllRead();
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        if (call.wants(i) && !call.results()[i])
          throw BuildError{"its output " + quoted(node.outputs[i]) + " is not one that kiln computes"};
        values[node.outputs[i]] = call.results()[i];
      }
    }
  } catch (const BuildError &error) {
    problem(label + ": " + error.message);
    reachable = false;
  }
  if (!reachable)
    failed.insert(node.outputs.begin(), node.outputs.end());
}

void Importer::writeGraph(const Graph &graph) {
  for (const Tensor &each : graph.initializers)
    tensors[each.name] = &each;
  for (const Node &node : graph.nodes)
    writeNode(node);
}

/// Names of a graph inside of a node are known in it alone.
std::vector<Value> Importer::writeInner(const Graph &graph, ArrayRef<Value> inputs) {
  auto forget = llvm::make_scope_exit([&] {
    for (const ValueInfo &each : graph.inputs)
      values.erase(each.name);
    for (const Tensor &each : graph.initializers)
      values.erase(each.name);
    for (const Node &node : graph.nodes)
      for (const std::string &name : node.outputs)
        values.erase(name);
  });
  for (auto [input, v] : llvm::zip(graph.inputs, inputs))
    values[input.name] = v;
  writeGraph(graph);
  std::vector<Value> outputs;
  for (const ValueInfo &each : graph.outputs) {
    outputs.push_back(value(each.name));
    if (!outputs.back())
      throw BuildError{"the graph inside of it cannot be compiled"};
  }
  return outputs;
}

//===- the end -===//

void Importer::finishFunction() {
  std::vector<std::string> names;
  for (const ValueInfo &output : model.graph.outputs)
    names.push_back(output.name);
  names.insert(names.end(), options.outputs.begin(), options.outputs.end());
  if (names.empty())
    return problem("the graph has no output");
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> attributes;
  for (const std::string &name : names) {
    if (failed.count(name))
      continue; // said already
    Value result = value(name);
    if (!result) {
      problem("there is no value " + quoted(name) + " to give as an output");
      continue;
    }
    results.push_back(result);
    attributes.push_back(DictionaryAttr::get(ops.getContext(), ops.getNamedAttr("kiln.name", ops.getStringAttr(name))));
  }
  ops.create<func::ReturnOp>(ops.getUnknownLoc(), results);
  function.setType(ops.getFunctionType(function.getArgumentTypes(), ValueRange(results).getTypes()));
  function.setAllResultAttrs(attributes);
}

/// Dead ops go; constants that a kernel would have to spell out become parameters.
void Importer::hoistConstants() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    auto constant = dyn_cast<ConstantOp>(op);
    auto value = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
    if (!value || value.isSplat() || value.getNumElements() < 2)
      continue;
    ops.setInsertionPoint(&op);
    auto name = dyn_cast<NameLoc>(op.getLoc());
    Value use = parameter(name ? name.getName().str() + ".constant" : "constant", cast<RankedTensorType>(constant.getType()),
                          bytesOf(value));
    constant.getResult().replaceAllUsesWith(use);
    op.erase();
  }
  // Parameters stand in the order of their names, whatever the nodes' order was; those that nothing uses any more go.
  std::unordered_set<std::string> used;
  function.walk([&](UseOp use) { used.insert(use.getParameter().str()); });
  std::map<std::string, ParameterOp> parameters;
  for (ParameterOp each : module.getOps<ParameterOp>())
    parameters[each.getSymName().str()] = each;
  for (auto &[name, each] : parameters) {
    each->moveBefore(function);
    if (used.count(name))
      continue;
    each.erase();
    weights.erase(name);
  }
}

/// Whatever the rules let through that the dialect refuses: our fault, but the user's message.
void Importer::verifyAll() {
  ScopedDiagnosticHandler handler(ops.getContext(), [&](Diagnostic &diagnostic) {
    auto name = dyn_cast<NameLoc>(diagnostic.getLocation());
    problem((name ? "node " + quoted(name.getName().str()) + ": " : std::string()) + diagnostic.str());
    return success();
  });
  (void)verify(module);
}

std::string Importer::allProblems() const {
  if (problems.size() == 1)
    return problems.front();
  return std::to_string(problems.size()) + " things cannot be compiled:\n  " + llvm::join(problems, "\n  ");
}

Result<Import> Importer::run() {
  function = func::FuncOp::create(ops.getUnknownLoc(), "main", ops.getFunctionType({}, {}));
  module.push_back(function);
  ops.setInsertionPointToStart(function.addEntryBlock());
  readDimensions();
  if (options.training)
    trained = trainedTensors(model.graph, mostFloats), statistics = statisticTensors(model.graph);
  for (const ValueInfo &input : model.graph.inputs)
    addInput(input);
  for (const auto &[name, size] : options.dims)
    if (!openDimensions.count(name))
      problem("the model has no open dimension " + quoted(name) +
              (openDimensions.empty() ? "; all are fixed" : "; open are: " + llvm::join(openDimensions, ", ")));
  // Without sizes every shape behind would be wrong: only what no size could change is said then.
  try {
    writeGraph(model.graph);
    finishFunction();
  } catch (const BuildError &error) {
    problem(error.message);
  }
  if (problems.empty()) {
    hoistConstants();
    verifyAll();
  }
  if (!problems.empty())
    return Error{allProblems()};
  return Import{std::move(moduleOwner), std::move(weights)};
}

} // namespace

Result<Import> importModel(const Model &model, const ImportOptions &options, MLIRContext &context) {
  context.loadDialect<KilnDialect, func::FuncDialect>();
  try {
    return Importer(model, options, context).run();
  } catch (const std::bad_alloc &) {
    return Error{"the model's graph does not fit into memory"};
  }
}

} // namespace kiln::onnx
