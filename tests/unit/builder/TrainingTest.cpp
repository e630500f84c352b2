// The form of the training graphs: names, types, ties, regions; refusals.
#include "frontend/builder/Training.h"
#include "compiler/dialect/Kiln.h"
#include "frontend/builder/Checkpoint.h"
#include "frontend/builder/Layers.h"
#include "frontend/builder/Rebatch.h"
#include "frontend/builder/Zoo.h"
#include "frontend/onnx/Decode.h"
#include "frontend/onnx/Import.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace kiln;
using namespace kiln::builder;

namespace {
std::string text(mlir::Type type) {
  std::string made;
  llvm::raw_string_ostream(made) << type;
  return made.substr(7, made.size() - 8); // tensor<...>
}

std::vector<std::string> inputsOf(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  std::vector<std::string> all;
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    all.push_back(main.getArgAttrOfType<mlir::StringAttr>(i, "kiln.name").str() + " " + text(main.getArgumentTypes()[i]));
  return all;
}

/// Name, type, and = where it is tied to its namesake.
std::vector<std::string> resultsOf(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  std::vector<std::string> all;
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    auto name = main.getResultAttrOfType<mlir::StringAttr>(i, "kiln.name");
    auto tied = main.getResultAttrOfType<mlir::StringAttr>(i, "kiln.tied");
    EXPECT_TRUE(!tied || tied == name);
    all.push_back(name.str() + " " + text(main.getResultTypes()[i]) + (tied ? " =" : ""));
  }
  return all;
}

Model small() {
  Sequential net("small", input("x", {3}));
  net.add(Dense(4)).add(BatchNorm()).add(relu()).add(dropout(0.5)).add(Dense(2).activation(softmax()));
  return net;
}
using Texts = std::vector<std::string>;
} // namespace

TEST(Training, NamesTypesAndTies) {
  mlir::MLIRContext context;
  TrainingOptions options;
  options.accumulate = 3;
  options.prediction = true;
  auto graphs = buildTraining(small(), 5, 1, options, context);
  ASSERT_TRUE(bool(graphs)) << llvm::toString(graphs.takeError());
  EXPECT_EQ(inputsOf(*graphs->step),
            (Texts{"parameters 34xf32", "optimizer.0 34xf32", "optimizer.1 34xf32", "statistics 8xf32", "gradients 34xf32",
                   "step i64", "rate f32", "seed i64", "apply i1", "x 5x3xf32", "weight 5xf32", "target 5xi64"}));
  EXPECT_EQ(resultsOf(*graphs->step), (Texts{"parameters 34xf32 =", "optimizer.0 34xf32 =", "optimizer.1 34xf32 =",
                                             "statistics 8xf32 =", "gradients 34xf32 =", "loss f32", "prediction 5x2xf32"}));
  EXPECT_EQ(inputsOf(*graphs->evaluate),
            (Texts{"parameters 34xf32", "statistics 8xf32", "x 5x3xf32", "target 5xi64", "weight 5xf32"}));
  EXPECT_EQ(resultsOf(*graphs->evaluate), (Texts{"loss f32", "prediction 5x2xf32"}));
  Texts order;
  for (const builder::Part &each : graphs->parameters)
    order.push_back(each.name + " " + std::to_string(each.offset));
  EXPECT_EQ(order, (Texts{"dense.weight 0", "dense_1.weight 12", "dense.bias 20", "batch_norm.weight 24", "batch_norm.bias 28",
                          "dense_1.bias 32"}));
  EXPECT_EQ(graphs->optimizerStates, 2u);
  EXPECT_EQ(inputsOf(*graphs->inference.module), Texts{"x 5x3xf32"});
}

TEST(Training, TrainsAGraphOfAnyFrontEnd) {
  mlir::MLIRContext context;
  auto inference = buildInference(findInZoo("mlp")->build(), 4, 1, context);
  ASSERT_TRUE(bool(inference)) << llvm::toString(inference.takeError());
  for (auto parameter : inference->module->getOps<ParameterOp>())
    if (parameter.getSymName() == "dense.bias")
      parameter->setAttr("kiln.frozen", mlir::UnitAttr::get(&context));
  auto graphs = buildTraining(std::move(*inference), {});
  ASSERT_TRUE(bool(graphs)) << llvm::toString(graphs.takeError());
  EXPECT_EQ(graphs->parameters.size(), 5u);
  EXPECT_EQ(graphs->inference.weights.size(), 5u);
  EXPECT_EQ(graphs->batch, 4);
  EXPECT_EQ(inputsOf(*graphs->evaluate).front(), "parameters " + std::to_string(784 * 256 + 256 * 128 + 128 + 1290) + "xf32");
}

TEST(Training, TrainsAnOnnxModel) {
  mlir::MLIRContext context;
  auto model = onnx::decodeFile(KILN_LENET);
  ASSERT_TRUE(bool(model)) << model.error();
  onnx::ImportOptions import;
  import.training = true;
  auto inference = onnx::importModel(*model, import, context);
  ASSERT_TRUE(bool(inference)) << inference.error();
  auto graphs = buildTraining(std::move(*inference), {});
  ASSERT_TRUE(bool(graphs)) << llvm::toString(graphs.takeError());
  int64_t total = 0;
  for (const builder::Part &each : graphs->parameters)
    total += each.count;
  EXPECT_EQ(total, 61706);
  EXPECT_EQ(graphs->inference.weights.size(), 10u);
  EXPECT_EQ(inputsOf(*graphs->evaluate), (Texts{"parameters 61706xf32", "image 1x1x32x32xf32", "target 1xi64", "weight 1xf32"}));
  // The loss is of the logits: no logarithm of the probabilities, and one exponential for them and one for the loss.
  int exponentials = 0;
  graphs->evaluate->walk([&](ExpOp) { ++exponentials; });
  EXPECT_EQ(exponentials, 2);
}

TEST(Training, Refusals) {
  auto refusal = [](const Model &model, auto change) {
    mlir::MLIRContext context;
    TrainingOptions options;
    change(options);
    auto graphs = buildTraining(model, 5, 1, options, context);
    return graphs ? std::string() : llvm::toString(graphs.takeError());
  };
  auto expectIn = [](const std::string &text, const std::vector<std::string> &parts) {
    for (const auto &part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is missing in: " << text;
  };
  expectIn(refusal(small(), [](auto &o) { o.loss.name = "l3"; }), {"'l3'", "mse", "hinge"});
  expectIn(refusal(small(), [](auto &o) { o.optimizer.name = "adm"; }), {"'adm'", "adamw"});
  expectIn(refusal(small(), [](auto &o) { o.optimizer.beta2 = 1; }), {"beta2", "1"});
  expectIn(refusal(small(), [](auto &o) { o.loss.smoothing = 1.5; }), {"smoothing", "1.5"});
  expectIn(refusal(small(), [](auto &o) { o.loss.name = "perceptron"; }), {"perceptron", "step"});
  expectIn(refusal(small(), [](auto &o) { o.accumulate = 0; }), {"0"});
  Tensor x = input("x", {3});
  expectIn(refusal(Model("none", {x}, relu()(x)), [](auto &) {}), {"no parameter"});
  Tensor taken = input("rate", {3});
  expectIn(refusal(Model("taken", {taken}, Dense(2)(taken)), [](auto &) {}), {"two inputs are called 'rate'"});
}

TEST(Rebatch, IsWhatTheDescriptionGives) {
  Tensor image = input("image", {2, 9, 8}), x = randomShift(2)(randomFlip()(image));
  x = dropout(0.4)(BatchNorm()(randomCrop(6, 5)(x)));
  Model crops("crops", {image}, Dense(3)(flatten()(x)));
  std::vector<Model> models = {small(), crops};
  for (const ZooModel *each : zoo())
    models.push_back(each->build());
  EXPECT_GT(models.size(), 12u);
  for (const Model &model : models) {
    mlir::MLIRContext context;
    auto of = [&](int64_t batch) { return std::move(llvm::cantFail(buildInference(model, batch, 1, context)).module); };
    auto two = of(2), three = of(3), want = of(17);
    llvm::Error error = rebatch(*two, *three, 17);
    EXPECT_FALSE(bool(error)) << model.name << ": " << llvm::toString(std::move(error));
    EXPECT_EQ(graphText(*two), graphText(*want)) << model.name;
  }
}

TEST(Rebatch, RefusesGraphsThatAreNotAlike) {
  mlir::MLIRContext context;
  auto of = [&](const Model &model, int64_t batch) {
    return std::move(llvm::cantFail(buildInference(model, batch, 1, context)).module);
  };
  Tensor x = input("x", {3});
  auto two = of(small(), 2), three = of(Model("other", {x}, relu()(x)), 3);
  EXPECT_NE(llvm::toString(rebatch(*two, *three, 4)).find("does not grow with the batch"), std::string::npos);
}
