//===- DecodeBrokenTest.cpp - every broken file is refused with one message that says what is wrong ------------===//
#include "tests/unit/frontend/Models.h"
#include <cstdio>
#include <fstream>

using namespace kiln::onnx;
using namespace kiln::onnx::test;

namespace {

void expectFileRefusal(const std::string &path, const std::string &part) {
  auto result = decodeFile(path);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().find(path + ": "), 0u) << result.error();
  EXPECT_NE(result.error().find(part), std::string::npos) << result.error();
}

std::string written(const std::string &name, const std::string &bytes) {
  std::string path = testing::TempDir() + "kiln_" + std::to_string(getpid()) + "_" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(DecodeBroken, Files) {
  expectFileRefusal("no-such-file.onnx", "cannot be opened");
  expectFileRefusal(testing::TempDir(), "no regular file");
  std::string empty = written("empty.onnx", "");
  expectFileRefusal(empty, "is empty");
  std::string whole = addRelu().SerializeAsString();
  std::string truncated = written("truncated.onnx", whole.substr(0, whole.size() - 5));
  expectFileRefusal(truncated, "truncated or no ONNX model");
  std::string text = written("text.onnx", "This is a README, not a model.\n");
  expectFileRefusal(text, "no ONNX model");
  std::string good = written("good.onnx", whole);
  auto result = decodeFile(good);
  EXPECT_TRUE(result) << result.error();
  for (const auto &path : {empty, truncated, text, good})
    std::remove(path.c_str());
}

TEST(DecodeBroken, RandomBytes) {
  uint32_t state = 12345;
  for (int round = 0; round < 200; ++round) {
    std::string bytes(1 + round * 7, '\0');
    for (char &byte : bytes)
      byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    EXPECT_FALSE(decodeBytes(bytes, ""));
  }
}

TEST(DecodeBroken, NoGraphAndNoOpset) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  expectRefusal(model, {"no graph"});
  model.mutable_graph();
  expectRefusal(model, {"which opset", "7 to 23"});
}

TEST(DecodeBroken, OpsetOutsideOfRange) {
  expectRefusal(addRelu(6), {"opset 6", "7 to 23"});
  expectRefusal(addRelu(24), {"opset 24", "7 to 23"});
  expectRefusal(addRelu(-1), {"opset -1"});
  EXPECT_TRUE(decode(addRelu(7)));
  EXPECT_TRUE(decode(addRelu(23)));
  auto model = addRelu();
  model.add_opset_import()->set_version(12);
  expectRefusal(model, {"versions 17 and 12"});
}

TEST(DecodeBroken, DanglingNames) {
  auto model = addRelu();
  model.mutable_graph()->mutable_node(1)->set_input(0, "nowhere");
  expectRefusal(model, {"'relu' (Relu)", "'nowhere'"});
  model = addRelu();
  model.mutable_graph()->clear_initializer();
  expectRefusal(model, {"'add' (Add)", "'w'"});
  model = addRelu();
  model.mutable_graph()->mutable_output(0)->set_name("z");
  expectRefusal(model, {"output 'z'"});
}

TEST(DecodeBroken, Cycles) {
  auto model = addRelu();
  model.mutable_graph()->mutable_node(0)->set_input(0, "y");
  expectRefusal(model, {"cycle", "'add' (Add)", "'relu' (Relu)"});
  model = addRelu();
  model.mutable_graph()->mutable_node(0)->set_input(0, "sum");
  expectRefusal(model, {"cycle", "'add' (Add)"});
  // A node behind a cycle is not on it.
  model = addRelu();
  addNode(model.mutable_graph(), "Neg", "after", {"y"}, {"z"});
  model.mutable_graph()->mutable_node()->SwapElements(0, 2);
  model.mutable_graph()->mutable_node(2)->set_input(0, "y");
  auto result = decode(model);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().find("'after'"), std::string::npos) << result.error();
}

TEST(DecodeBroken, DuplicateNames) {
  auto model = addRelu();
  model.mutable_graph()->mutable_node(1)->set_output(0, "sum");
  expectRefusal(model, {"'relu' (Relu)", "'sum'", "another producer"});
  model = addRelu();
  addNode(model.mutable_graph(), "Neg", "neg", {"x"}, {"w"});
  expectRefusal(model, {"'neg' (Neg)", "'w'", "another producer"});
  model = addRelu();
  addFloats(model.mutable_graph(), "w", {1}, {1});
  expectRefusal(model, {"initialiser 'w'", "twice"});
  model = addRelu();
  addValue(model.mutable_graph()->add_input(), "x", {1});
  expectRefusal(model, {"input 'x'", "another producer"});
  model = addRelu();
  for (int i = 0; i < 2; ++i) {
    auto *attribute = model.mutable_graph()->mutable_node(0)->add_attribute();
    attribute->set_name("a");
    attribute->set_type(::onnx::AttributeProto::INT);
  }
  expectRefusal(model, {"node 'add'", "attribute 'a'", "twice"});
}

TEST(DecodeBroken, TensorSizes) {
  auto withWeights = [](const std::vector<int64_t> &shape, size_t bytes) {
    auto model = addRelu();
    auto *tensor = model.mutable_graph()->mutable_initializer(0);
    tensor->clear_dims();
    for (int64_t size : shape)
      tensor->add_dims(size);
    tensor->set_raw_data(std::string(bytes, 'x'));
    return model;
  };
  expectRefusal(withWeights({3}, 11), {"initialiser 'w'", "11 bytes", "expected 12", "float32[3]"});
  expectRefusal(withWeights({3}, 16), {"16 bytes", "expected 12"});
  expectRefusal(withWeights({-3}, 12), {"'w'", "[-3]", "negative"});
  expectRefusal(withWeights({int64_t(1) << 62}, 12), {"'w'", "more elements than can be counted"});
  expectRefusal(withWeights({int64_t(1) << 32, int64_t(1) << 32}, 12), {"more elements than can be counted"});
  expectRefusal(withWeights({0, int64_t(1) << 32, int64_t(1) << 32}, 0), {"more elements than can be counted"});
  expectRefusal(withWeights({1 << 30}, 12), {"12 bytes", "expected 4294967296"});
  expectRefusal(withWeights(std::vector<int64_t>(100, 1), 4), {"100 dimensions"});
}

TEST(DecodeBroken, TensorTypes) {
  auto model = addRelu();
  auto *tensor = model.mutable_graph()->mutable_initializer(0);
  tensor->set_data_type(99);
  expectRefusal(model, {"initialiser 'w'", "element type 99"});
  tensor->set_data_type(0);
  expectRefusal(model, {"initialiser 'w'", "undefined"});
  tensor->set_data_type(8);
  expectRefusal(model, {"initialiser 'w'", "string"});
  tensor->clear_raw_data();
  expectRefusal(model, {"0 strings", "expected 3"});
  tensor->set_data_type(1);
  tensor->add_float_data(1);
  expectRefusal(model, {"1 values", "expected 3"});
  tensor->set_data_type(3);
  for (int value : {1, 2, 300})
    tensor->add_int32_data(value);
  expectRefusal(model, {"value 2 is 300", "int8"});
  tensor->set_data_type(9);
  expectRefusal(model, {"bool"});
  tensor->set_data_type(1);
  tensor->set_raw_data(std::string(12, 0));
  tensor->mutable_segment()->set_begin(0);
  expectRefusal(model, {"segments"});
}

TEST(DecodeBroken, ValueShapes) {
  auto model = addRelu();
  auto *dim = model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0);
  dim->set_dim_value(-2);
  expectRefusal(model, {"value 'x'", "negative"});
  dim->set_dim_value(INT64_MAX);
  expectRefusal(model, {"value 'x'", "more elements"});
}

TEST(DecodeBroken, SparseInitialisersAndUntypedAttributes) {
  auto model = addRelu();
  model.mutable_graph()->add_sparse_initializer()->mutable_values()->set_name("s");
  expectRefusal(model, {"sparse initialiser 's'"});
  model = addRelu();
  model.mutable_graph()->mutable_node(0)->add_attribute()->set_name("a");
  expectRefusal(model, {"node 'add'", "attribute 'a'", "no type"});
}

TEST(DecodeBroken, DeepNesting) {
  for (int depth : {28, 200}) {
    auto model = addRelu();
    auto *graph = model.mutable_graph();
    for (int i = 0; i < depth; ++i) {
      auto *attribute = addNode(graph, "If", "n" + std::to_string(i), {}, {"o" + std::to_string(i)})->add_attribute();
      attribute->set_name("body");
      attribute->set_type(::onnx::AttributeProto::GRAPH);
      graph = attribute->mutable_g();
    }
    expectRefusal(model, {depth == 28 ? "nested more than 24 deep" : "protobuf"});
  }
}

TEST(DecodeBroken, NamesInMessagesAreMadePrintable) {
  auto model = addRelu();
  model.mutable_graph()->mutable_node(0)->set_input(0, "a\nb\x1b[31m" + std::string(5000, 'x'));
  auto result = decode(model);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().find('\n'), std::string::npos);
  EXPECT_NE(result.error().find("a\\x0ab\\x1b"), std::string::npos) << result.error();
  EXPECT_LT(result.error().size(), 500u);
}

} // namespace
