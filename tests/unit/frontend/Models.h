//===- Models.h - small ONNX models for tests, written with protobuf -------------------------------------------===//
#ifndef KILN_TESTS_UNIT_FRONTEND_MODELS_H
#define KILN_TESTS_UNIT_FRONTEND_MODELS_H
#include "frontend/onnx/Decode.h"
#include "onnx-ml.pb.h"
#include <gtest/gtest.h>

namespace kiln::onnx::test {

inline void addValue(::onnx::ValueInfoProto *value, const std::string &name, const std::vector<int64_t> &shape, int type = 1) {
  value->set_name(name);
  auto *tensor = value->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape();
  for (int64_t size : shape)
    tensor->mutable_shape()->add_dim()->set_dim_value(size);
}

inline ::onnx::NodeProto *addNode(::onnx::GraphProto *graph, const std::string &op, const std::string &name,
                                  const std::vector<std::string> &inputs, const std::vector<std::string> &outputs) {
  auto *node = graph->add_node();
  node->set_op_type(op);
  node->set_name(name);
  for (const auto &each : inputs)
    node->add_input(each);
  for (const auto &each : outputs)
    node->add_output(each);
  return node;
}

inline ::onnx::TensorProto *addFloats(::onnx::GraphProto *graph, const std::string &name, const std::vector<int64_t> &shape,
                                      const std::vector<float> &values) {
  auto *tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(1);
  for (int64_t size : shape)
    tensor->add_dims(size);
  tensor->set_raw_data(values.data(), values.size() * sizeof(float));
  return tensor;
}

inline ::onnx::ModelProto emptyModel(int64_t opset = 17) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  auto *import = model.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  model.mutable_graph()->set_name("g");
  return model;
}

/// y = Relu(x + w), w = [1, 2, 3].
inline ::onnx::ModelProto addRelu(int64_t opset = 17) {
  ::onnx::ModelProto model = emptyModel(opset);
  auto *graph = model.mutable_graph();
  addValue(graph->add_input(), "x", {2, 3});
  addValue(graph->add_output(), "y", {2, 3});
  addFloats(graph, "w", {3}, {1, 2, 3});
  addNode(graph, "Add", "add", {"x", "w"}, {"sum"});
  addNode(graph, "Relu", "relu", {"sum"}, {"y"});
  return model;
}

inline Result<Model> decode(const ::onnx::ModelProto &model, const std::string &folder = "") {
  return decodeBytes(model.SerializeAsString(), folder);
}

/// The model must be refused, and the message must hold every part.
inline void expectRefusal(const ::onnx::ModelProto &model, const std::vector<std::string> &parts, const std::string &folder = "") {
  auto result = decode(model, folder);
  ASSERT_FALSE(result) << "expected a refusal that says " << parts.front();
  for (const auto &part : parts)
    EXPECT_NE(result.error().find(part), std::string::npos) << "'" << part << "' is missing in: " << result.error();
}

} // namespace kiln::onnx::test

#endif
