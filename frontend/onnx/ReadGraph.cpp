//===- ReadGraph.cpp - see ReadGraph.h -------------------------------------------------------------------------===//
#include "frontend/onnx/ReadGraph.h"
#include "frontend/onnx/Decode.h"
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Order.h"
#include "frontend/onnx/ReadTensor.h"
#include <set>
#include <tuple>
#include <unordered_map>

namespace kiln::onnx {

namespace {

constexpr int deepestNesting = 24;                 // graphs inside graphs; protobuf itself stops near 33
constexpr int deepestCalls = 32;                   // functions that call functions
constexpr size_t mostInlinedBytes = size_t(1) << 28; // of function bodies, counted at every call: exponential towers end here

std::string plainDomain(const std::string &domain) { return domain == "ai.onnx" ? std::string() : domain; }

using FunctionKey = std::tuple<std::string, std::string, std::string>; // domain, name, overload

/// Where nodes are read: in the main graph (no parent prefix, all maps empty) or in the body of a called function.
struct Body {
  const std::map<std::string, int64_t> &opsets;
  bool inFunction = false;
  std::string prefix;                                  // of every name that the body itself introduces
  std::unordered_map<std::string, std::string> names;  // the function's inputs and outputs as the caller calls them
  std::map<std::string, ::onnx::AttributeProto *> attributes; // what ref_attr_name means
  int calls = 0;

  std::string rename(const std::string &name) const {
    if (!inFunction || name.empty())
      return name;
    auto known = names.find(name);
    return known != names.end() ? known->second : prefix + name;
  }

  /// The attribute itself, or the caller's that it refers to; null when the caller gives none.
  ::onnx::AttributeProto *meaning(::onnx::AttributeProto &proto, const std::string &node) const {
    if (proto.ref_attr_name().empty())
      return &proto;
    if (!inFunction)
      throw Fault{"node " + quoted(node) + ": attribute " + quoted(proto.name()) + " refers to a function's attribute " +
                  quoted(proto.ref_attr_name()) + " outside of any function"};
    auto known = attributes.find(proto.ref_attr_name());
    return known == attributes.end() ? nullptr : known->second;
  }
};

class Reader {
public:
  Reader(::onnx::ModelProto &model, ExternalFiles &files) : files(files) {
    for (auto &function : *model.mutable_functions()) {
      FunctionKey key{plainDomain(function.domain()), function.name(), function.overload()};
      if (!functions.emplace(key, &function).second)
        throw Fault{"function " + quoted(function.name()) + " of domain " + quoted(function.domain()) + " is defined twice"};
    }
  }

  Graph graph(::onnx::GraphProto &proto, const Body &body, int depth);

private:
  void node(::onnx::NodeProto &proto, const Body &body, int depth, std::vector<Node> &nodes);
  void call(::onnx::FunctionProto &function, ::onnx::NodeProto &proto, const std::string &caller, const Body &body, int depth,
            std::vector<Node> &nodes);
  Attribute::Value value(::onnx::AttributeProto &proto, const Body &body, int depth, const std::string &node);
  Tensor tensor(::onnx::TensorProto &proto, const Body &body, const std::string &what);
  std::shared_ptr<const Graph> subgraph(::onnx::GraphProto &proto, const Body &body, int depth, const std::string &node);

  ExternalFiles &files;
  std::map<FunctionKey, ::onnx::FunctionProto *> functions;
  std::unordered_map<const ::onnx::TensorProto *, Tensor> shared; // tensors of function bodies, read once for all calls
  size_t inlinedBytes = 0;
};

std::string kindOf(const ::onnx::TypeProto &type) {
  switch (type.value_case()) {
  case ::onnx::TypeProto::kTensorType:
    return "tensor";
  case ::onnx::TypeProto::kSequenceType:
    return "sequence";
  case ::onnx::TypeProto::kMapType:
    return "map";
  case ::onnx::TypeProto::kOptionalType:
    return "optional";
  case ::onnx::TypeProto::kSparseTensorType:
    return "sparse tensor";
  case ::onnx::TypeProto::kOpaqueType:
    return "opaque";
  default:
    return "nothing";
  }
}

ValueInfo readValue(const ::onnx::ValueInfoProto &proto, const Body &body) {
  ValueInfo info;
  info.name = body.rename(proto.name());
  const ::onnx::TypeProto &type = proto.type();
  info.kind = kindOf(type);
  if (!type.has_tensor_type())
    return info;
  info.type = static_cast<DataType>(type.tensor_type().elem_type());
  if (!type.tensor_type().has_shape())
    return info;
  std::vector<int64_t> sizes;
  info.shape.emplace();
  for (const auto &dim : type.tensor_type().shape().dim()) {
    // Some exporters write -1 for a dimension that they leave open.
    bool known = dim.has_dim_value() && dim.dim_value() != -1;
    info.shape->push_back({known ? dim.dim_value() : -1, dim.dim_param()});
    sizes.push_back(known ? dim.dim_value() : 1);
  }
  checkShape(sizes, info.type, "value " + quoted(info.name));
  return info;
}

Tensor Reader::tensor(::onnx::TensorProto &proto, const Body &body, const std::string &what) {
  if (!body.inFunction)
    return readTensor(proto, files, what);
  auto known = shared.find(&proto);
  if (known == shared.end())
    known = shared.emplace(&proto, readTensor(proto, files, what)).first;
  return known->second;
}

std::shared_ptr<const Graph> Reader::subgraph(::onnx::GraphProto &proto, const Body &body, int depth, const std::string &node) {
  if (depth >= deepestNesting)
    throw Fault{"node " + quoted(node) + ": graphs are nested more than " + std::to_string(deepestNesting) + " deep"};
  return std::make_shared<const Graph>(graph(proto, body, depth + 1));
}

Attribute::Value Reader::value(::onnx::AttributeProto &proto, const Body &body, int depth, const std::string &node) {
  using Proto = ::onnx::AttributeProto;
  std::string what = "node " + quoted(node) + ": tensor of attribute " + quoted(proto.name());
  switch (proto.type()) {
  case Proto::FLOAT:
    return proto.f();
  case Proto::INT:
    return static_cast<int64_t>(proto.i());
  case Proto::STRING:
    return proto.s();
  case Proto::TENSOR:
    return tensor(*proto.mutable_t(), body, what);
  case Proto::GRAPH:
    return subgraph(*proto.mutable_g(), body, depth, node);
  case Proto::FLOATS:
    return std::vector<float>(proto.floats().begin(), proto.floats().end());
  case Proto::INTS:
    return std::vector<int64_t>(proto.ints().begin(), proto.ints().end());
  case Proto::STRINGS:
    return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
  case Proto::TENSORS: {
    std::vector<Tensor> tensors;
    for (auto &each : *proto.mutable_tensors())
      tensors.push_back(tensor(each, body, what));
    return tensors;
  }
  case Proto::GRAPHS: {
    std::vector<std::shared_ptr<const Graph>> graphs;
    for (auto &each : *proto.mutable_graphs())
      graphs.push_back(subgraph(each, body, depth, node));
    return graphs;
  }
  case Proto::SPARSE_TENSOR:
  case Proto::SPARSE_TENSORS:
    return OtherAttribute{"sparse tensor"};
  case Proto::TYPE_PROTO:
  case Proto::TYPE_PROTOS:
    return OtherAttribute{"type"};
  case Proto::UNDEFINED:
    break;
  }
  throw Fault{"node " + quoted(node) + ": attribute " + quoted(proto.name()) + " has no type"};
}

void Reader::call(::onnx::FunctionProto &function, ::onnx::NodeProto &proto, const std::string &caller, const Body &body, int depth,
                  std::vector<Node> &nodes) {
  std::string what = "node " + quoted(caller) + ": function " + quoted(function.name());
  if (body.calls >= deepestCalls)
    throw Fault{what + " is called " + std::to_string(deepestCalls) + " calls deep; functions must not call themselves"};
  inlinedBytes += function.ByteSizeLong();
  if (inlinedBytes > mostInlinedBytes)
    throw Fault{what + " is one call too many: the model's functions, written out, are absurdly large"};
  if (proto.input_size() > function.input_size() || proto.output_size() > function.output_size())
    throw Fault{what + " is called with " + std::to_string(proto.input_size()) + " inputs and " +
                std::to_string(proto.output_size()) + " outputs, expected at most " + std::to_string(function.input_size()) +
                " and " + std::to_string(function.output_size())};
  auto opsets = readOpsets(function.opset_import());
  Body inner{opsets, true, caller + "/", {}, {}, body.calls + 1};
  for (int i = 0; i < function.input_size(); ++i)
    inner.names[function.input(i)] = i < proto.input_size() ? body.rename(proto.input(i)) : std::string();
  for (int i = 0; i < proto.output_size(); ++i)
    if (!proto.output(i).empty())
      inner.names[function.output(i)] = body.rename(proto.output(i));
  for (auto &each : *function.mutable_attribute_proto())
    inner.attributes[each.name()] = &each;
  for (auto &each : *proto.mutable_attribute())
    if (::onnx::AttributeProto *meant = body.meaning(each, caller))
      inner.attributes[each.name()] = meant;
  for (auto &each : *function.mutable_node())
    node(each, inner, depth, nodes);
}

void Reader::node(::onnx::NodeProto &proto, const Body &body, int depth, std::vector<Node> &nodes) {
  Node node;
  node.name = proto.name();
  for (int i = 0; node.name.empty() && i < proto.output_size(); ++i)
    node.name = proto.output(i);
  if (node.name.empty())
    node.name = proto.op_type() + "#" + std::to_string(nodes.size());
  node.name = body.prefix + node.name;
  node.op = proto.op_type();
  node.domain = plainDomain(proto.domain());
  auto function = functions.find({node.domain, proto.op_type(), proto.overload()});
  if (function != functions.end())
    return call(*function->second, proto, node.name, body, depth, nodes);
  auto opset = body.opsets.find(node.domain);
  node.opset = opset == body.opsets.end() ? 0 : opset->second;
  for (const std::string &name : proto.input())
    node.inputs.push_back(body.rename(name));
  for (const std::string &name : proto.output())
    node.outputs.push_back(body.rename(name));
  for (auto &each : *proto.mutable_attribute()) {
    if (node.attribute(each.name()))
      throw Fault{"node " + quoted(node.name) + ": attribute " + quoted(each.name()) + " stands twice"};
    if (::onnx::AttributeProto *meant = body.meaning(each, node.name))
      node.attributes.push_back({each.name(), value(*meant, body, depth, node.name)});
  }
  nodes.push_back(std::move(node));
}

Graph Reader::graph(::onnx::GraphProto &proto, const Body &body, int depth) {
  Graph graph;
  graph.name = proto.name();
  std::set<std::string> initialized;
  if (proto.sparse_initializer_size())
    throw Fault{"graph " + quoted(proto.name()) + ": sparse initialiser " + quoted(proto.sparse_initializer(0).values().name()) +
                " is of a kind that kiln does not read"};
  for (auto &each : *proto.mutable_initializer()) {
    graph.initializers.push_back(tensor(each, body, "initialiser " + quoted(each.name())));
    graph.initializers.back().name = body.rename(graph.initializers.back().name);
    if (!initialized.insert(graph.initializers.back().name).second)
      throw Fault{"initialiser " + quoted(each.name()) + " stands twice"};
  }
  // Since IR version 4 an input with an initialiser is one whose default a caller may replace; here it is a constant.
  for (const auto &each : proto.input())
    if (!initialized.count(body.rename(each.name())))
      graph.inputs.push_back(readValue(each, body));
  for (const auto &each : proto.output())
    graph.outputs.push_back(readValue(each, body));
  for (const auto &each : proto.value_info())
    graph.values.push_back(readValue(each, body));
  for (auto &each : *proto.mutable_node())
    node(each, body, depth, graph.nodes);
  sortNodes(graph);
  return graph;
}

} // namespace

std::map<std::string, int64_t> readOpsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports) {
  std::map<std::string, int64_t> opsets;
  for (const auto &each : imports) {
    auto [known, isNew] = opsets.emplace(plainDomain(each.domain()), each.version());
    if (!isNew && known->second != each.version())
      throw Fault{"domain " + quoted(each.domain()) + " is imported with versions " + std::to_string(known->second) + " and " +
                  std::to_string(each.version())};
  }
  auto own = opsets.find("");
  if (own != opsets.end() && (own->second < oldestOpset || own->second > newestOpset))
    throw Fault{"the model is written for ONNX opset " + std::to_string(own->second) + ", expected " + std::to_string(oldestOpset) +
                " to " + std::to_string(newestOpset)};
  return opsets;
}

Graph readGraph(::onnx::ModelProto &model, ExternalFiles &files) {
  auto opsets = readOpsets(model.opset_import());
  return Reader(model, files).graph(*model.mutable_graph(), Body{opsets, false, {}, {}, {}, 0}, 0);
}

} // namespace kiln::onnx
