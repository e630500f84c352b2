//===- ImportTest.cpp - decoded models become graphs: shapes, folding, parameters, refusals --------------------===//
#include "frontend/onnx/Import.h"
#include "mlir/IR/MLIRContext.h"
#include "tests/unit/frontend/Models.h"
#include "llvm/Support/raw_ostream.h"

using namespace kiln::onnx;
using namespace kiln::onnx::test;

namespace {

struct Imported {
  std::string text, error;
  std::map<std::string, Bytes> weights;
};

Imported imported(const ::onnx::ModelProto &proto, const ImportOptions &options = {}) {
  auto model = decode(proto);
  if (!model)
    return {"", "decode: " + model.error(), {}};
  mlir::MLIRContext context;
  auto import = importModel(*model, options, context);
  if (!import)
    return {"", import.error(), {}};
  std::string text;
  llvm::raw_string_ostream stream(text);
  mlir::OpPrintingFlags flags;
  import->module->print(stream, flags.enableDebugInfo(true, false));
  return {stream.str(), "", import->weights};
}

void expectIn(const std::string &text, const std::vector<std::string> &parts) {
  for (const auto &part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is missing in: " << text;
}

void addInts(::onnx::GraphProto *graph, const std::string &name, const std::vector<int64_t> &values) {
  auto *tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(7);
  tensor->add_dims(static_cast<int64_t>(values.size()));
  for (int64_t value : values)
    tensor->add_int64_data(value);
}

void setInt(::onnx::NodeProto *node, const std::string &name, int64_t value) {
  auto *attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(::onnx::AttributeProto::INT);
  attribute->set_i(value);
}

/// One node of `op` from x (f32 of `shape`) and constants to y.
::onnx::ModelProto oneNode(const std::string &op, const std::vector<int64_t> &shape, const std::vector<std::string> &more = {},
                           int64_t opset = 17) {
  auto model = emptyModel(opset);
  auto *graph = model.mutable_graph();
  addValue(graph->add_input(), "x", shape);
  addValue(graph->add_output(), "y", {});
  std::vector<std::string> inputs = {"x"};
  inputs.insert(inputs.end(), more.begin(), more.end());
  addNode(graph, op, "the_node", inputs, {"y"});
  return model;
}

TEST(Import, NamesArgumentsResultsAndLocations) {
  auto result = imported(addRelu());
  ASSERT_EQ(result.error, "");
  expectIn(result.text, {"func.func @main", "kiln.name = \"x\"", "kiln.name = \"y\"", "kiln.add", "kiln.max", "loc(\"add\")",
                         "loc(\"relu\")", "kiln.parameter @add.constant", "kiln.broadcast"});
}

TEST(Import, KeepsWeightsAsBytes) {
  auto model = addRelu();
  std::vector<float> values(96);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i);
  model.mutable_graph()->clear_initializer();
  addFloats(model.mutable_graph(), "w", {32, 1, 3}, values);
  auto result = imported(model);
  ASSERT_EQ(result.error, "");
  expectIn(result.text, {"kiln.parameter @w : tensor<32x1x3xf32>", "tensor<32x2x3xf32>"});
  ASSERT_EQ(result.weights.count("w"), 1u);
  EXPECT_EQ(result.weights["w"].view(), std::string_view(reinterpret_cast<const char *>(values.data()), values.size() * 4));
}

TEST(Import, TellsWeightsFromOtherNumbersForTraining) {
  auto model = emptyModel();
  auto *graph = model.mutable_graph();
  addValue(graph->add_input(), "x", {2, 1, 3, 3});
  addValue(graph->add_output(), "y", {});
  addFloats(graph, "filters", {2, 1, 3, 3}, std::vector<float>(18, 0.5f));
  for (const char *name : {"bias", "scale", "shift", "mean"}) // of equal numbers: those fold away when they are constants
    addFloats(graph, name, {2}, {0, 0});
  addFloats(graph, "variance", {2}, {1, 2});
  addFloats(graph, "exponent", {1}, {3});
  addNode(graph, "Conv", "conv", {"x", "filters", "bias"}, {"a"});
  addNode(graph, "BatchNormalization", "norm", {"a", "scale", "shift", "mean", "variance"}, {"b"});
  addNode(graph, "Pow", "pow", {"b", "exponent"}, {"y"});
  ImportOptions options;
  options.training = true;
  auto result = imported(model, options);
  ASSERT_EQ(result.error, "");
  for (const char *name : {"bias", "filters", "scale", "shift"}) {
    EXPECT_EQ(result.weights.count(name), 1u) << name;
    EXPECT_EQ(result.text.find("@" + std::string(name) + " : tensor<2x1x3x3xf32> {kiln.frozen}"), std::string::npos);
    EXPECT_EQ(result.text.find("@" + std::string(name) + " : tensor<2xf32> {kiln.frozen}"), std::string::npos);
  }
  EXPECT_EQ(result.weights.count("exponent"), 0u);
  expectIn(result.text,
           {"kiln.parameter @mean : tensor<2xf32> {kiln.statistic}", "kiln.parameter @variance : tensor<2xf32> {kiln.statistic}",
            "kiln.training = {layer = \"batch_norm\", mean = \"mean\", momentum = "});
}

TEST(Import, FixesNamedDimensions) {
  auto model = addRelu();
  model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param(
      "batch");
  expectIn(imported(model).error, {"input 'x'", "dimension 0 'batch'", "--dim batch="});
  auto result = imported(model, {{{"batch", 5}}, {}});
  ASSERT_EQ(result.error, "");
  expectIn(result.text, {"tensor<5x3xf32>"});
  expectIn(imported(model, {{{"batch", 5}, {"height", 2}}, {}}).error, {"'height'", "batch"});
  expectIn(imported(model, {{{"batch", 0}}, {}}).error, {"'batch'", "0"});
  expectIn(imported(model, {{{"batch", int64_t(1) << 50}}, {}}).error, {"'batch'"});
}

TEST(Import, FoldsShapeArithmetic) {
  // reshape(x, concat(gather(shape(x), 0), [-1])), as exporters write a flatten.
  auto model = emptyModel();
  auto *graph = model.mutable_graph();
  addValue(graph->add_input(), "x", {2, 3, 4});
  addValue(graph->add_output(), "y", {});
  addInts(graph, "zero", {0});
  addInts(graph, "rest", {-1});
  addNode(graph, "Shape", "shape", {"x"}, {"s"});
  addNode(graph, "Gather", "gather", {"s", "zero"}, {"n"});
  setInt(addNode(graph, "Concat", "concat", {"n", "rest"}, {"t"}), "axis", 0);
  addNode(graph, "Reshape", "reshape", {"x", "t"}, {"y"});
  auto result = imported(model);
  ASSERT_EQ(result.error, "");
  expectIn(result.text, {"-> (tensor<2x12xf32>", "kiln.reshape"});
  for (const char *gone : {"kiln.gather", "kiln.concat", "kiln.constant"})
    EXPECT_EQ(result.text.find(gone), std::string::npos) << gone << " is left in: " << result.text;
}

TEST(Import, ListsAllThatItCannotCompile) {
  auto model = addRelu();
  auto *graph = model.mutable_graph();
  addNode(graph, "LSTM", "gamma", {"y", "w", "w"}, {"l"});
  addNode(graph, "Frobnicate", "alpha", {"l"}, {"f"});
  addNode(graph, "Relu", "custom", {"y"}, {"c"})->set_domain("org.example");
  addNode(graph, "Relu", "crowded", {"y", "w"}, {"d"});
  auto result = imported(model);
  expectIn(result.error, {"4 things", "'gamma' (LSTM, opset 17)", "'alpha' (Frobnicate", "'custom' (org.example.Relu",
                          "'org.example'", "'crowded' (Relu", "2 inputs, expected 1"});
}

TEST(Import, RefusesWhatDoesNotFit) {
  auto model = oneNode("Add", {2, 3}, {"w"});
  addFloats(model.mutable_graph(), "w", {2, 4}, std::vector<float>(8, 1));
  expectIn(imported(model).error, {"'the_node' (Add, opset 17)", "[2, 3]", "[2, 4]", "broadcast"});

  model = oneNode("Reshape", {2, 3}, {"s"});
  addInts(model.mutable_graph(), "s", {4, -1});
  expectIn(imported(model).error, {"'the_node'", "[4, -1]", "6 elements"});

  model = oneNode("Softmax", {2, 3});
  setInt(model.mutable_graph()->mutable_node(0), "axis", 5);
  expectIn(imported(model).error, {"'the_node'", "axis", "5", "-2 to 1"});

  model = oneNode("Relu", {2, 3});
  setInt(model.mutable_graph()->mutable_node(0), "slope", 5);
  expectIn(imported(model).error, {"'the_node'", "'slope'"});

  model = oneNode("Gather", {2, 3}, {"i"});
  addInts(model.mutable_graph(), "i", {2});
  expectIn(imported(model).error, {"'the_node'", "index 2", "-2 to 1"});

  model = oneNode("Expand", {1}, {"s"});
  addInts(model.mutable_graph(), "s", {1000000000000000});
  expectIn(imported(model).error, {"'the_node'", "1000000000000000", "at most"});

  model = oneNode("Reshape", {2, 3}, {"s"});
  addValue(model.mutable_graph()->add_input(), "s", {1}, 7);
  expectIn(imported(model).error, {"'the_node'", "'s'", "depends on data"});

  model = addRelu();
  model.mutable_graph()->clear_output();
  expectIn(imported(model).error, {"no output"});
}

TEST(Import, TakesOneBranchOfAKnownIf) {
  auto model = emptyModel();
  auto *graph = model.mutable_graph();
  addValue(graph->add_input(), "x", {2, 1});
  addValue(graph->add_output(), "y", {});
  auto *truth = graph->add_initializer();
  truth->set_name("c");
  truth->set_data_type(9);
  truth->add_int32_data(1);
  auto *branch = addNode(graph, "If", "if", {"c"}, {"y"});
  for (const char *name : {"then_branch", "else_branch"}) {
    auto *attribute = branch->add_attribute();
    attribute->set_name(name);
    attribute->set_type(::onnx::AttributeProto::GRAPH);
    addNode(attribute->mutable_g(), name[0] == 't' ? "Abs" : "Neg", name, {"x"}, {"r"});
    addValue(attribute->mutable_g()->add_output(), "r", {});
  }
  auto result = imported(model);
  ASSERT_EQ(result.error, "");
  expectIn(result.text, {"kiln.abs"});
  EXPECT_EQ(result.text.find("kiln.neg"), std::string::npos);
}

TEST(Import, GivesInnerValuesThatAreAskedFor) {
  auto result = imported(addRelu(), {{}, {"sum"}});
  ASSERT_EQ(result.error, "");
  expectIn(result.text, {"kiln.name = \"sum\""});
  expectIn(imported(addRelu(), {{}, {"nowhere"}}).error, {"'nowhere'"});
}

} // namespace
