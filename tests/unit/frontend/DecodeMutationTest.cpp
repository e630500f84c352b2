//===- DecodeMutationTest.cpp - damaged copies of a good model never crash the decoder -------------------------===//
//
// Deterministic: a small generator with a fixed seed. The assertion is that the process lives (the sanitizer build sees more), that
// a refusal has a message, and that what is accepted keeps Model.h's promise about data sizes.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "tests/unit/frontend/Models.h"

using namespace kiln::onnx;
using namespace kiln::onnx::test;

namespace {

/// One of everything: a subgraph, a function, typed data, named dimensions.
std::string richModel() {
  auto model = addRelu();
  auto *graph = model.mutable_graph();
  graph->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param("batch");
  auto *typed = graph->add_initializer();
  typed->set_name("shape");
  typed->set_data_type(7);
  typed->add_dims(2);
  typed->add_int64_data(3);
  typed->add_int64_data(-1);
  addNode(graph, "Reshape", "reshape", {"y", "shape"}, {"r"});
  auto *attribute = addNode(graph, "If", "if", {"r"}, {"i"})->add_attribute();
  attribute->set_name("then_branch");
  attribute->set_type(::onnx::AttributeProto::GRAPH);
  addNode(attribute->mutable_g(), "Abs", "abs", {"r"}, {"a"});
  addValue(attribute->mutable_g()->add_output(), "a", {3, 2});
  auto *call = addNode(graph, "F", "call", {"i"}, {"z"});
  call->set_domain("my");
  auto *function = model.add_functions();
  function->set_domain("my");
  function->set_name("F");
  function->add_input("p");
  function->add_output("q");
  auto *inner = function->add_node();
  inner->set_op_type("Neg");
  inner->add_input("p");
  inner->add_output("q");
  return model.SerializeAsString();
}

struct Random {
  uint64_t state;
  uint32_t below(uint32_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33) % limit;
  }
};

void expectSound(const std::string &bytes) {
  auto result = decodeBytes(bytes, "");
  if (!result) {
    EXPECT_FALSE(result.error().empty());
    return;
  }
  for (const Tensor &tensor : result->graph.initializers)
    EXPECT_EQ(tensor.data.size(), (tensor.elements() * typeBits(tensor.type) + 7) / 8);
}

TEST(DecodeMutation, SeedIsValid) {
  auto result = decodeBytes(richModel(), "");
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->graph.nodes.size(), 5u);
}

TEST(DecodeMutation, Truncations) {
  std::string whole = richModel();
  for (size_t length = 1; length < whole.size(); ++length)
    expectSound(whole.substr(0, length));
}

TEST(DecodeMutation, EveryByteFlipped) {
  std::string whole = richModel();
  for (size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      expectSound(damaged);
    }
}

TEST(DecodeMutation, ManyChanges) {
  std::string whole = richModel();
  Random random{42};
  for (int round = 0; round < 4000; ++round) {
    std::string damaged = whole;
    for (uint32_t change = 0, changes = 1 + random.below(6); change < changes; ++change) {
      uint32_t at = random.below(static_cast<uint32_t>(damaged.size()));
      switch (random.below(4)) {
      case 0:
        damaged[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        damaged.erase(at, 1 + random.below(4));
        break;
      case 2:
        damaged.insert(at, 1 + random.below(4), static_cast<char>(random.below(256)));
        break;
      default:
        damaged.insert(at, whole.substr(random.below(static_cast<uint32_t>(whole.size())), 16));
      }
    }
    if (!damaged.empty())
      expectSound(damaged);
  }
}

} // namespace
