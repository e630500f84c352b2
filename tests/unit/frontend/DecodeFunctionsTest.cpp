//===- DecodeFunctionsTest.cpp - functions of the model are written out where they are called ------------------===//
#include "tests/unit/frontend/Models.h"

using namespace kiln::onnx;
using namespace kiln::onnx::test;

namespace {

::onnx::FunctionProto *addFunction(::onnx::ModelProto &model, const std::string &name, const std::string &inner) {
  auto *function = model.add_functions();
  function->set_domain("my");
  function->set_name(name);
  function->add_input("a");
  function->add_output("b");
  auto *import = function->add_opset_import();
  import->set_version(18);
  function->add_opset_import()->set_domain("my");
  auto *first = function->add_node();
  first->set_op_type(inner);
  first->set_domain(inner == "Elu" ? "" : "my");
  first->set_name("first");
  first->add_input("a");
  first->add_output("t");
  auto *second = function->add_node();
  second->set_op_type("Neg");
  second->add_input("t");
  second->add_output("b");
  return function;
}

::onnx::ModelProto caller() {
  auto model = addRelu();
  auto *node = model.mutable_graph()->mutable_node(1);
  node->set_op_type("Outer");
  node->set_domain("my");
  return model;
}

TEST(DecodeFunctions, InlinesCallsInCalls) {
  auto model = caller();
  auto *inner = addFunction(model, "Inner", "Elu");
  inner->add_attribute("slope");
  auto *reference = inner->mutable_node(0)->add_attribute();
  reference->set_name("alpha");
  reference->set_ref_attr_name("slope");
  reference->set_type(::onnx::AttributeProto::FLOAT);
  auto *outer = addFunction(model, "Outer", "Inner");
  auto *given = outer->mutable_node(0)->add_attribute();
  given->set_name("slope");
  given->set_f(0.25f);
  given->set_type(::onnx::AttributeProto::FLOAT);
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  const auto &nodes = result->graph.nodes;
  ASSERT_EQ(nodes.size(), 4u); // add, elu, neg, neg
  EXPECT_EQ(nodes[1].op, "Elu");
  EXPECT_EQ(nodes[1].name, "relu/first/first");
  EXPECT_EQ(nodes[1].opset, 18);
  EXPECT_EQ(nodes[1].inputs[0], "sum");
  EXPECT_EQ(std::get<float>(nodes[1].attribute("alpha")->value), 0.25f);
  EXPECT_EQ(nodes[2].inputs[0], nodes[1].outputs[0]);
  EXPECT_EQ(nodes[3].inputs[0], nodes[2].outputs[0]);
  EXPECT_EQ(nodes[3].outputs[0], "y");
}

TEST(DecodeFunctions, LeavesOutAttributesThatNobodyGives) {
  auto model = caller();
  auto *reference = addFunction(model, "Outer", "Elu")->mutable_node(0)->add_attribute();
  reference->set_name("alpha");
  reference->set_ref_attr_name("slope");
  auto result = decode(model);
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->graph.nodes[1].attribute("alpha"), nullptr);
}

TEST(DecodeFunctions, RefusesRecursionTowersAndWrongCalls) {
  auto model = caller();
  addFunction(model, "Outer", "Outer");
  expectRefusal(model, {"function 'Outer'", "must not call themselves"});

  model = caller();
  addFunction(model, "Outer", "L0");
  for (int level = 0; level < 30; ++level) { // each level calls the next one twice: 2^30 nodes if written out
    std::string next = level == 29 ? "Elu" : "L" + std::to_string(level + 1);
    auto *function = addFunction(model, "L" + std::to_string(level), next);
    function->mutable_node(1)->set_op_type(next);
    function->mutable_node(1)->set_domain(next == "Elu" ? "" : "my");
    function->set_doc_string(std::string(100000, 'x')); // so that the bound is reached soon
  }
  expectRefusal(model, {"absurdly large"});

  model = caller();
  addFunction(model, "Outer", "Elu");
  model.mutable_graph()->mutable_node(1)->add_input("x");
  expectRefusal(model, {"node 'relu'", "function 'Outer'", "2 inputs", "at most 1"});
  addFunction(model, "Outer", "Elu");
  expectRefusal(model, {"function 'Outer'", "twice"});

  model = addRelu();
  auto *attribute = model.mutable_graph()->mutable_node(1)->add_attribute();
  attribute->set_name("alpha");
  attribute->set_ref_attr_name("slope");
  expectRefusal(model, {"node 'relu'", "'slope'", "outside of any function"});
}

} // namespace
