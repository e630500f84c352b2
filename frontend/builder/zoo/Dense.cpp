//===- Dense.cpp - nets of dense layers: the perceptron, logic, a line, digits -----------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Zoo.h"

using namespace kiln::builder;

/// a = step(w x + b); trained by the perceptron rule with rate 1: w += (t - a) x, b += t - a.
static Model perceptron() {
  Sequential net("perceptron", input("x", {2}), "a");
  net.add(Dense(1).activation(step()).weights(Initializer::zeros()).name("neuron"));
  return net;
}
static const RegisterModel perceptronEntry({"perceptron", "one neuron with a step, two inputs; learns AND and OR", perceptron,
                                            lossNamed("perceptron"), optimizerNamed("sgd"), 1, 1, 20});

static Model xorNet() {
  Sequential net("xor", input("x", {2}), "a");
  net.add(Dense(4).activation(sigmoid()).name("hidden")).add(Dense(1).activation(sigmoid()).name("neuron"));
  return net;
}
static const RegisterModel xorEntry({"xor", "two layers of sigmoid neurons; learns XOR", xorNet, lossNamed("binary_cross_entropy"),
                                     optimizerNamed("adam"), 0.05, 4, 500});

static Model line() {
  Sequential net("line", input("x", {1}), "y");
  net.add(Dense(1).weights(Initializer::zeros()).name("line"));
  return net;
}
static const RegisterModel lineEntry({"line", "linear regression y = w x + b", line, lossNamed("quadratic"), optimizerNamed("sgd"),
                                      0.05, 8, 500});

static Model softmaxRegression() {
  Sequential net("softmax_regression", input("image", {28, 28}), "probabilities");
  net.add(flatten()).add(Dense(10).activation(softmax()).name("classes"));
  return net;
}
static const RegisterModel regressionEntry({"softmax_regression", "784-10 on pictures of 28x28", softmaxRegression,
                                            lossNamed("cross_entropy"), optimizerNamed("adam"), 0.001, 64, 10});

/// 784-256-128-10; `dropped` is the part of either hidden layer that is 0 in training.
static Model layers(const char *name, double dropped) {
  Sequential net(name, input("image", {28, 28}), "probabilities");
  net.add(flatten());
  for (int64_t units : {256, 128}) {
    net.add(Dense(units).activation(relu()).weights(Initializer::heUniform()));
    if (dropped > 0)
      net.add(dropout(dropped));
  }
  net.add(Dense(10).activation(softmax()));
  return net;
}
static Model mlp() { return layers("mlp", 0); }
static const RegisterModel mlpEntry({"mlp", "784-256-128-10 with ReLU on pictures of 28x28", mlp, lossNamed("cross_entropy"),
                                     optimizerNamed("adam"), 0.001, 64, 10});
static Model mlpDropout() { return layers("mlp_dropout", 0.5); }
static const RegisterModel dropoutEntry({"mlp_dropout", "mlp with dropout of a half after either hidden layer", mlpDropout,
                                         lossNamed("cross_entropy"), optimizerNamed("adam"), 0.001, 64, 10});
