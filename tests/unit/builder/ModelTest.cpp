// Parameter counts that the course gives, names, shapes, and what is refused.
#include "frontend/builder/Instantiate.h"
#include "frontend/builder/Layers.h"
#include "frontend/builder/Zoo.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace kiln;
using namespace kiln::builder;

namespace {
struct Built {
  mlir::MLIRContext context;
  Instance instance;
  explicit Built(const Model &model, int64_t batch = 2) { instance = instantiate(model, batch, 1, context); }
  std::map<std::string, int64_t> counts() {
    std::map<std::string, int64_t> counts;
    for (const Parameter &each : instance.parameters)
      counts[each.name.substr(0, each.name.rfind('.'))] += each.count();
    return counts;
  }
  int64_t total() {
    int64_t sum = 0;
    for (const Parameter &each : instance.parameters)
      sum += each.count();
    return sum;
  }
  Shape result() {
    return shapeOf(mlir::cast<mlir::func::FuncOp>(instance.inference.module->lookupSymbol("main")).getResultTypes()[0]);
  }
};

Model one(const Layer &layer, std::vector<int64_t> shape) {
  Tensor x = input("x", std::move(shape));
  return Model("one", {x}, layer(x));
}

std::string refusal(const Model &model, int64_t batch = 2) {
  try {
    Built built(model, batch);
  } catch (const BuildError &error) {
    return error.message;
  }
  return "";
}
} // namespace

TEST(Model, LeNetHasTheCoursesParameters) {
  Built lenet(findInZoo("lenet5")->build());
  EXPECT_EQ(lenet.counts(),
            (std::map<std::string, int64_t>{{"c1", 156}, {"c3", 2416}, {"c5", 48120}, {"f6", 10164}, {"classes", 850}}));
  EXPECT_EQ(lenet.total(), 61706);
  EXPECT_EQ(lenet.result(), (Shape{2, 10}));
}

TEST(Model, CountsOfTheCourse) {
  EXPECT_EQ(Built(one(Conv2D(20, 5), {1, 28, 28})).total(), 520);
  EXPECT_EQ(Built(one(Dense(30), {784})).total(), 23550);
  EXPECT_EQ(Built(one(Conv2D(1, 5), {1, 28, 28})).result(), (Shape{2, 1, 24, 24}));
  EXPECT_EQ(Built(one(MaxPool2D(2), {1, 24, 24})).result(), (Shape{2, 1, 12, 12}));
}

TEST(Model, TheZooIsBuilt) {
  const std::map<std::string, int64_t> totals = {{"mlp", 784 * 256 + 256 + 256 * 128 + 128 + 1290},
                                                 {"mnist_cnn", 320 + 18496 + 192 + 3136 * 128 + 128 + 1290},
                                                 {"softmax_regression", 7850},
                                                 {"perceptron", 3},
                                                 {"xor", 17},
                                                 {"line", 2},
                                                 {"bigram", 65536},
                                                 {"lstm", 256 * 32 + (32 + 128 + 1) * 512 + 129 * 256}};
  EXPECT_GE(zoo().size(), totals.size() + 3);
  for (const ZooModel *each : zoo()) {
    Built built(each->build());
    if (totals.count(each->name)) {
      EXPECT_EQ(built.total(), totals.at(each->name)) << each->name;
    }
    EXPECT_EQ(built.instance.inference.weights.size(), built.instance.parameters.size() + built.instance.statistics.size());
  }
  EXPECT_EQ(findInZoo("nothing"), nullptr);
}

TEST(Model, NamesCountKinds) {
  Sequential net("net", input("x", {4}));
  net.add(Dense(3)).add(Dense(3).name("middle")).add(Dense(3).activation(prelu()));
  Built built(net);
  std::vector<std::string> names;
  for (const Parameter &each : built.instance.parameters)
    names.push_back(each.name);
  EXPECT_EQ(names, (std::vector<std::string>{"dense.weight", "dense.bias", "middle.weight", "middle.bias", "dense_1.weight",
                                             "dense_1.bias", "dense_1.prelu.slope"}));
}

TEST(Model, ASharedLayerHasItsParametersOnce) {
  Tensor x = input("x", {4});
  Layer twice = Dense(4);
  EXPECT_EQ(Built(Model("shared", {x}, twice(twice(x)))).total(), 20);
}

TEST(Model, RefusesByTheLayersName) {
  auto expectIn = [](const std::string &text, const std::vector<std::string> &parts) {
    for (const auto &part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is missing in: " << text;
  };
  expectIn(refusal(one(Conv2D(2, 5).name("first"), {1, 4, 4})), {"layer 'first'", "reaches over 5", "4"});
  expectIn(refusal(one(Conv2D(3, 3).groups(2), {4, 9, 9})), {"'conv2d'", "3 filters in 2 groups"});
  expectIn(refusal(one(Conv2D(2, 3), {4, 9})), {"f32[2, 4, 9]", "[batch, channels, height, width]"});
  expectIn(refusal(one(MultiHeadAttention(4), {5, 6})), {"4 heads", "[2, 5, 6]"});
  expectIn(refusal(one(reshape({5, -1}), {3, 4})), {"f32[2, 3, 4]", "[5, -1]"});
  expectIn(refusal(one(maxout(2), {5})), {"each 2", "[2, 5]"});
  expectIn(refusal(one(dropout(1), {5})), {"rate is 1"});
  expectIn(refusal(one(Dense(2), {5}), 0), {"0 rows"});
  expectIn(refusal(one(Dense(-2), {5})), {"-2 units"});
  Tensor x = input("x", {4}), z = input("z", {4});
  expectIn(refusal(Model("m", {x}, add({x, z}))), {"'z'", "none of its inputs"});
  expectIn(refusal(Model("m", {x, input("x", {4})}, x)), {"two inputs are called 'x'"});
  expectIn(refusal(Model("m", {x}, Dense(2).name("a")(Dense(2).name("a")(x)))), {"two layers", "'a'"});
}
