// Training graphs; tests/builder/test_steps.py runs them.
#include "frontend/builder/Checkpoint.h"
#include "frontend/builder/Training.h"
#include "frontend/builder/Zoo.h"
#include "tests/unit/builder/Cases.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace kiln::builder::test {

static llvm::json::Value listOf(const std::vector<Part> &parts) {
  llvm::json::Array list;
  for (const Part &each : parts)
    list.push_back(llvm::json::Object{{"name", each.name}, {"shape", llvm::json::Array(each.shape)}, {"offset", each.offset}});
  return list;
}

static void writeStep(const std::string &folder, const std::string &name, llvm::Expected<TrainingGraphs> graphs) {
  if (!graphs)
    throw BuildError{name + ": " + llvm::toString(graphs.takeError())};
  auto open = [&](const std::string &end) {
    std::error_code error;
    auto stream = std::make_unique<llvm::raw_fd_ostream>(folder + "/" + name + end, error);
    if (error)
      throw BuildError{"cannot write " + folder + "/" + name + end};
    return stream;
  };
  *open(".step.mlir") << *graphs->step << "\n";
  *open(".evaluate.mlir") << *graphs->evaluate << "\n";
  *open(".json") << llvm::json::Value(
      llvm::json::Object{{"parameters", listOf(graphs->parameters)}, {"statistics", listOf(graphs->statistics)}});
  *open(".safetensors") << checkpointOf(*graphs, "{}");
}

static void writeStep(const std::string &folder, const Model &model, int64_t batch, const TrainingOptions &options) {
  mlir::MLIRContext context;
  writeStep(folder, model.name, buildTraining(model, batch, 1, options, context));
}

/// The same once more, of what its checkpoint says.
static void writeStepAgain(const std::string &folder, const std::string &name, const TrainingOptions &options) {
  mlir::MLIRContext context;
  auto graph = readCheckpoint(folder + "/" + name + ".safetensors", context);
  if (!graph)
    throw BuildError{llvm::toString(graph.takeError())};
  writeStep(folder, name + "_again", buildTraining(std::move(*graph), options));
}

/// One neuron without bias and with the course's first weights.
static Model points() {
  Sequential net("points", input("x", {2}));
  net.add(Dense(1).activation(step()).bias(false).weights(Initializer::values({1.0f, -0.8f})));
  return net;
}

/// (x + y) z of the course, and its neuron: parameters are what the derivatives are taken of.
static Model neuron() {
  Sequential net("neuron", input("x", {2}));
  net.add(Dense(1).activation(sigmoid()).weights(Initializer::values({2, -3})).biases(Initializer::values({-3})));
  return net;
}

static Model pictures() {
  Tensor image = input("image", {2, 8, 8}), x = randomFlip()(image);
  x = relu()(BatchNorm()(Conv2D(4, 3).padding(Padding::Same)(x)));
  Tensor y = Conv2D(4, 3).padding(Padding::Same).groups(2).activation(elu())(x);
  x = MaxPool2D(2)(add({x, y}));
  x = concat({AveragePool2D(3).strides(2).padding(Padding::Same)(x), NormPool2D(2)(x)});
  x = dropout(0.3)(flatten()(x));
  return Model("pictures", {image}, Dense(3).activation(softmax())(Dense(6).activation(prelu())(x)));
}

/// All that training alone does, and augmentation of what is not the input, and of only one of two branches.
static Model augmented() {
  Tensor image = input("image", {2, 9, 8}), x = randomShift(2)(randomFlip()(image));
  x = randomCrop(6, 5)(Conv2D(3, 3).padding(Padding::Same).activation(tanh())(x));
  x = add({randomFlip()(x), BatchNorm()(x)});
  return Model("augmented", {image}, Dense(3)(dropout(0.4)(flatten()(x))));
}

static Model sequence(const std::string &name, const Layer &layer) {
  Tensor tokens = input("tokens", {5}, Element::I64),
         x = PositionalEmbedding()(Embedding(7, 6).weights(Initializer::normal(0.5))(tokens));
  x = add({x, layer(LayerNorm()(x))});
  return Model(name, {tokens}, Dense(7).activation(softmax())(Dense(8).activation(gelu())(x)));
}

void writeSteps(const std::string &folder) {
  auto options = [](const char *loss, const char *optimizer) {
    TrainingOptions made;
    made.loss = lossNamed(loss);
    made.optimizer = optimizerNamed(optimizer);
    made.prediction = true;
    return made;
  };
  writeStep(folder, points(), 1, options("perceptron", "sgd"));
  writeStep(folder, findInZoo("perceptron")->build(), 1, options("perceptron", "sgd"));
  writeStep(folder, findInZoo("line")->build(), 8, options("quadratic", "sgd"));
  writeStep(folder, findInZoo("xor")->build(), 4, options("binary_cross_entropy", "adam"));
  writeStep(folder, neuron(), 1, options("sse", "sgd"));
  TrainingOptions accumulated = options("cross_entropy", "adam");
  accumulated.accumulate = 2;
  Model accumulating = findInZoo("softmax_regression")->build();
  accumulating.name = "accumulated";
  writeStep(folder, accumulating, 4, accumulated);
  writeStep(folder, findInZoo("softmax_regression")->build(), 4, options("cross_entropy", "sgd"));
  writeStep(folder, pictures(), 6, options("cross_entropy", "sgd"));
  writeStep(folder, augmented(), 6, options("cross_entropy", "sgd"));
  writeStepAgain(folder, "augmented", options("cross_entropy", "sgd"));
  writeStep(folder, sequence("recurrent_lstm", LSTM(6).sequences(true)), 3, options("cross_entropy", "sgd"));
  writeStep(folder, sequence("recurrent_gru", GRU(6).sequences(true)), 3, options("cross_entropy", "sgd"));
  writeStep(folder, sequence("attending", MultiHeadAttention(2).causal(true)), 3, options("cross_entropy", "sgd"));
}

} // namespace kiln::builder::test
