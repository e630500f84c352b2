//===- DecodeTest.cpp - good files become the structs that Model.h promises ------------------------------------===//
#include "tests/unit/frontend/Models.h"
#include <cstring>

using namespace kiln::onnx;
using namespace kiln::onnx::test;

namespace {

template <typename T> std::vector<T> values(const Tensor &tensor) {
  std::vector<T> result(tensor.data.size() / sizeof(T));
  std::memcpy(result.data(), tensor.data.view().data(), tensor.data.size());
  return result;
}

/// The one initialiser of a model that has nothing else; `fill` gives it its type and data.
template <typename Fill> Tensor decoded(const std::vector<int64_t> &shape, Fill fill) {
  auto model = emptyModel();
  auto *tensor = model.mutable_graph()->add_initializer();
  tensor->set_name("t");
  for (int64_t size : shape)
    tensor->add_dims(size);
  fill(*tensor);
  auto result = decode(model);
  EXPECT_TRUE(result) << result.error();
  return result ? result->graph.initializers.at(0) : Tensor();
}

TEST(Decode, ReadsGraph) {
  auto result = decode(addRelu());
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->opset, 17);
  EXPECT_EQ(result->irVersion, 8);
  const Graph &graph = result->graph;
  ASSERT_EQ(graph.inputs.size(), 1u);
  EXPECT_EQ(graph.inputs[0].name, "x");
  EXPECT_EQ(graph.inputs[0].type, DataType::Float);
  ASSERT_EQ(graph.inputs[0].shape->size(), 2u);
  EXPECT_EQ(graph.inputs[0].shape->at(1).size, 3);
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(graph.nodes[0].op, "Add");
  EXPECT_EQ(graph.nodes[0].opset, 17);
  EXPECT_EQ(graph.nodes[0].inputs, (std::vector<std::string>{"x", "w"}));
  EXPECT_EQ(graph.nodes[1].outputs, (std::vector<std::string>{"y"}));
  EXPECT_EQ(values<float>(graph.initializers.at(0)), (std::vector<float>{1, 2, 3}));
}

TEST(Decode, ReadsNamedAndOpenDimensions) {
  auto model = addRelu();
  auto *shape = model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape->mutable_dim(0)->set_dim_param("batch");
  shape->mutable_dim(1)->set_dim_value(-1);
  shape->add_dim();
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  const auto &dims = *result->graph.inputs[0].shape;
  EXPECT_LT(dims[0].size, 0);
  EXPECT_EQ(dims[0].name, "batch");
  EXPECT_LT(dims[1].size, 0);
  EXPECT_EQ(dims[1].name, "");
  EXPECT_LT(dims[2].size, 0);
}

TEST(Decode, DropsInputsThatHaveInitialisers) {
  auto model = addRelu();
  addValue(model.mutable_graph()->add_input(), "w", {3});
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  ASSERT_EQ(result->graph.inputs.size(), 1u);
  EXPECT_EQ(result->graph.inputs[0].name, "x");
}

TEST(Decode, TreatsAiOnnxAsDefaultDomain) {
  auto model = addRelu();
  model.mutable_opset_import(0)->set_domain("ai.onnx");
  model.mutable_graph()->mutable_node(0)->set_domain("ai.onnx");
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->graph.nodes[0].domain, "");
  EXPECT_EQ(result->graph.nodes[0].opset, 17);
}

TEST(Decode, SortsNodesAndKeepsSortedOnes) {
  auto model = addRelu();
  model.mutable_graph()->mutable_node()->SwapElements(0, 1);
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->graph.nodes[0].name, "add");
  EXPECT_EQ(result->graph.nodes[1].name, "relu");
}

TEST(Decode, NamesUnnamedNodesByOutput) {
  auto model = addRelu();
  model.mutable_graph()->mutable_node(0)->clear_name();
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->graph.nodes[0].name, "sum");
}

TEST(Decode, ConvertsTypedFields) {
  EXPECT_EQ(values<float>(decoded({2},
                                  [](auto &t) {
                                    t.set_data_type(1);
                                    t.add_float_data(1.5f);
                                    t.add_float_data(-2);
                                  })),
            (std::vector<float>{1.5f, -2}));
  EXPECT_EQ(values<double>(decoded({1},
                                   [](auto &t) {
                                     t.set_data_type(11);
                                     t.add_double_data(1e300);
                                   })),
            (std::vector<double>{1e300}));
  EXPECT_EQ(values<int64_t>(decoded({2, 1},
                                    [](auto &t) {
                                      t.set_data_type(7);
                                      t.add_int64_data(INT64_MIN);
                                      t.add_int64_data(INT64_MAX);
                                    })),
            (std::vector<int64_t>{INT64_MIN, INT64_MAX}));
  EXPECT_EQ(values<int8_t>(decoded({2},
                                   [](auto &t) {
                                     t.set_data_type(3);
                                     t.add_int32_data(-128);
                                     t.add_int32_data(127);
                                   })),
            (std::vector<int8_t>{-128, 127}));
  EXPECT_EQ(values<uint16_t>(decoded({1},
                                     [](auto &t) {
                                       t.set_data_type(10); // float16 1.0 by its bits
                                       t.add_int32_data(0x3c00);
                                     })),
            (std::vector<uint16_t>{0x3c00}));
  EXPECT_EQ(values<uint32_t>(decoded({1},
                                     [](auto &t) {
                                       t.set_data_type(12);
                                       t.add_uint64_data(0xffffffffu);
                                     })),
            (std::vector<uint32_t>{0xffffffffu}));
  EXPECT_EQ(values<uint8_t>(decoded({2},
                                    [](auto &t) {
                                      t.set_data_type(9);
                                      t.add_int32_data(1);
                                      t.add_int32_data(0);
                                    })),
            (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(values<uint8_t>(decoded({3},
                                    [](auto &t) {
                                      t.set_data_type(22); // int4: three values in two bytes
                                      t.add_int32_data(0x21);
                                      t.add_int32_data(0x03);
                                    })),
            (std::vector<uint8_t>{0x21, 0x03}));
}

TEST(Decode, ReadsStringsScalarsAndEmptyTensors) {
  Tensor strings = decoded({2}, [](auto &t) {
    t.set_data_type(8);
    t.add_string_data("a");
    t.add_string_data("");
  });
  EXPECT_EQ(strings.strings, (std::vector<std::string>{"a", ""}));
  Tensor scalar = decoded({}, [](auto &t) {
    t.set_data_type(6);
    t.add_int32_data(5);
  });
  EXPECT_EQ(scalar.elements(), 1);
  EXPECT_EQ(values<int32_t>(scalar), (std::vector<int32_t>{5}));
  Tensor empty = decoded({0, 4}, [](auto &t) { t.set_data_type(1); });
  EXPECT_EQ(empty.elements(), 0);
  EXPECT_EQ(empty.data.size(), 0u);
}

TEST(Decode, ReadsEveryKindOfAttribute) {
  auto model = addRelu();
  auto *node = model.mutable_graph()->mutable_node(0);
  auto add = [&](const char *name, ::onnx::AttributeProto::AttributeType type) {
    auto *attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  };
  add("f", ::onnx::AttributeProto::FLOAT)->set_f(0.5);
  add("i", ::onnx::AttributeProto::INT)->set_i(-3);
  add("s", ::onnx::AttributeProto::STRING)->set_s("NOTSET");
  add("is", ::onnx::AttributeProto::INTS)->add_ints(7);
  add("fs", ::onnx::AttributeProto::FLOATS)->add_floats(2);
  add("ss", ::onnx::AttributeProto::STRINGS)->add_strings("q");
  auto *tensor = add("t", ::onnx::AttributeProto::TENSOR)->mutable_t();
  tensor->set_data_type(7);
  tensor->add_int64_data(9);
  add("tp", ::onnx::AttributeProto::TYPE_PROTO)->mutable_tp();
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  const Node &read = result->graph.nodes[0];
  EXPECT_EQ(std::get<float>(read.attribute("f")->value), 0.5f);
  EXPECT_EQ(std::get<int64_t>(read.attribute("i")->value), -3);
  EXPECT_EQ(std::get<std::string>(read.attribute("s")->value), "NOTSET");
  EXPECT_EQ(std::get<std::vector<int64_t>>(read.attribute("is")->value), std::vector<int64_t>{7});
  EXPECT_EQ(std::get<std::vector<float>>(read.attribute("fs")->value), std::vector<float>{2});
  EXPECT_EQ(std::get<std::vector<std::string>>(read.attribute("ss")->value), std::vector<std::string>{"q"});
  EXPECT_EQ(values<int64_t>(std::get<Tensor>(read.attribute("t")->value)), std::vector<int64_t>{9});
  EXPECT_EQ(std::get<OtherAttribute>(read.attribute("tp")->value).kind, "type");
  EXPECT_EQ(read.attribute("none"), nullptr);
}

TEST(Decode, SubgraphsSeeOuterNamesAndOrderTheirNode) {
  auto model = emptyModel();
  auto *graph = model.mutable_graph();
  addValue(graph->add_input(), "c", {}, 9);
  addValue(graph->add_input(), "x", {2});
  addValue(graph->add_output(), "y", {2});
  auto *branch = addNode(graph, "If", "if", {"c"}, {"y"}); // stands before `neg`, whose result its branches use
  addNode(graph, "Neg", "neg", {"x"}, {"n"});
  for (const char *name : {"then_branch", "else_branch"}) {
    auto *attribute = branch->add_attribute();
    attribute->set_name(name);
    attribute->set_type(::onnx::AttributeProto::GRAPH);
    addNode(attribute->mutable_g(), "Abs", name, {"n"}, {"a"});
    addValue(attribute->mutable_g()->add_output(), "a", {2});
  }
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->graph.nodes[0].name, "neg");
  EXPECT_EQ(result->graph.nodes[1].subgraphs().size(), 2u);
}

} // namespace
