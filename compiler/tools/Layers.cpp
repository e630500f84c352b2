#include "compiler/tools/Layers.h"
#include "compiler/codegen/Signature.h"
#include "compiler/tools/Cost.h"
#include "frontend/onnx/Decode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

namespace kiln::tools {
namespace {
std::string joined(const std::vector<std::string> &sizes) { return sizes.empty() ? "scalar" : llvm::join(sizes, "x"); }

std::string shapeText(mlir::Type type) {
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  std::vector<std::string> sizes;
  for (int64_t size : tensor.getShape())
    sizes.push_back(std::to_string(size));
  std::string element;
  llvm::raw_string_ostream(element) << tensor.getElementType();
  return element + " " + joined(sizes);
}

std::string shapeText(const onnx::ValueInfo &value) {
  std::vector<std::string> sizes;
  if (value.shape)
    for (const onnx::Dimension &dimension : *value.shape)
      sizes.push_back(dimension.size >= 0 ? std::to_string(dimension.size) : dimension.name.empty() ? "?" : dimension.name);
  return std::string(onnx::typeName(value.type)) + " " + (value.shape ? joined(sizes) : "of unknown rank");
}

bool isParameter(const onnx::Tensor &tensor) {
  return tensor.type != onnx::DataType::Int64 && tensor.type != onnx::DataType::Bool && tensor.type != onnx::DataType::String;
}

/// Nodes of the file, and of the graphs inside them.
void addNodes(const onnx::Graph &graph, std::map<std::string, int64_t> &parameters, ModelView &view) {
  for (const onnx::Tensor &tensor : graph.initializers)
    if (isParameter(tensor))
      parameters[tensor.name] = tensor.elements();
  for (const onnx::Node &node : graph.nodes) {
    Layer layer;
    layer.name = node.name;
    layer.op = node.domain.empty() ? node.op : node.domain + "." + node.op;
    for (const std::string &input : node.inputs) {
      auto found = parameters.find(input);
      if (found != parameters.end())
        layer.parameters += std::exchange(found->second, 0);
      else if (!input.empty())
        layer.inputs.push_back(input);
    }
    layer.outputs = node.outputs;
    auto value = node.op == "Constant" ? node.attribute("value") : nullptr;
    if (auto *tensor = value ? std::get_if<onnx::Tensor>(&value->value) : nullptr)
      layer.parameters += isParameter(*tensor) ? tensor->elements() : 0;
    view.layers.push_back(std::move(layer));
    for (const auto &inner : node.subgraphs())
      addNodes(*inner, parameters, view);
  }
}

/// Shapes and operations from the ops that nodes became: an op's location is its node's name.
void addFacts(mlir::ModuleOp module, ModelView &view) {
  std::map<std::string, Layer *> layers;
  for (Layer &layer : view.layers)
    layers[layer.name] = &layer;
  module.lookupSymbol<mlir::func::FuncOp>("main").walk([&](mlir::Operation *op) {
    auto found = op->getNumResults() == 1 ? layers.find(nodeNames(op->getLoc())) : layers.end();
    if (found == layers.end())
      return;
    found->second->shape = shapeText(op->getResult(0).getType());
    found->second->operations += operationsOf(op);
  });
}

void addPorts(mlir::func::FuncOp main, ModelView &view) {
  auto name = [](mlir::StringAttr given, const char *kind, unsigned i) { return given ? given.str() : kind + std::to_string(i); };
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    view.inputs.push_back(
        {name(main.getArgAttrOfType<mlir::StringAttr>(i, "kiln.name"), "input", i), shapeText(main.getArgumentTypes()[i])});
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    view.outputs.push_back(
        {name(main.getResultAttrOfType<mlir::StringAttr>(i, "kiln.name"), "output", i), shapeText(main.getResultTypes()[i])});
}

void addOps(mlir::func::FuncOp main, ModelView &view) {
  llvm::DenseMap<mlir::Value, std::string> names;
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    names[main.getArgument(i)] = view.inputs[i].name;
  unsigned number = 0;
  std::set<llvm::StringRef> seen;
  main.walk([&](mlir::Operation *op) {
    if (op->getNumResults() != 1 || mlir::isa<mlir::func::FuncOp>(op))
      return;
    std::string value = "%" + std::to_string(number++);
    names[op->getResult(0)] = value;
    Layer layer;
    layer.name = nodeNames(op->getLoc());
    if (layer.name.empty())
      layer.name = value;
    layer.op = op->getName().stripDialect().str();
    layer.shape = shapeText(op->getResult(0).getType());
    if (auto use = mlir::dyn_cast<UseOp>(op))
      layer.parameters =
          seen.insert(use.getParameter()).second ? mlir::cast<mlir::RankedTensorType>(use.getType()).getNumElements() : 0;
    layer.operations = operationsOf(op);
    for (mlir::Value operand : op->getOperands())
      layer.inputs.push_back(names.lookup(operand));
    layer.outputs = {value};
    view.layers.push_back(std::move(layer));
  });
  auto results = main.getBody().front().getTerminator()->getOperands();
  for (unsigned i = 0; i < results.size(); ++i) // in pictures an output is an edge to its own name
    view.layers.push_back({view.outputs[i].name, "", "", 0, 0, {names.lookup(results[i])}, {view.outputs[i].name}});
}
} // namespace

llvm::Expected<ModelView> viewModel(const Source &source, std::string &refusal) {
  ModelView view;
  bool isText = !llvm::StringRef(source.path).ends_with(".onnx");
  if (!isText) {
    auto model = onnx::decodeFile(source.path);
    if (!model)
      return llvm::createStringError("%s", model.error().c_str());
    view.about = "ONNX, opset " + std::to_string(model->opset) + (model->producer.empty() ? "" : ", by " + model->producer);
    std::map<std::string, int64_t> parameters;
    addNodes(model->graph, parameters, view);
    for (const onnx::ValueInfo &input : model->graph.inputs)
      view.inputs.push_back({input.name, shapeText(input)});
    for (const onnx::ValueInfo &output : model->graph.outputs)
      view.outputs.push_back({output.name, shapeText(output)});
  }
  auto loaded = load(source);
  if (!loaded) {
    if (isText)
      return loaded.takeError();
    refusal = llvm::toString(loaded.takeError());
    return view;
  }
  auto main = (*loaded->module).lookupSymbol<mlir::func::FuncOp>("main");
  if (!main || main.isExternal())
    return llvm::createStringError("%s: expected a function @main", source.path.c_str());
  view.inputs.clear();
  view.outputs.clear();
  addPorts(main, view);
  if (isText)
    view.about = "a kiln graph";
  isText ? addOps(main, view) : addFacts(*loaded->module, view);
  return view;
}
} // namespace kiln::tools
