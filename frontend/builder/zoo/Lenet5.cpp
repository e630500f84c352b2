//===- Lenet5.cpp - LeNet-5 as the course draws it ----------------------------------------------------------------===//
//
// Pictures of 32x32: C1 6@28x28, S2 6@14x14, C3 16@10x10 (connected to all of S2), S4 16@5x5, C5 120, F6 84, 10 classes. Parameters: C1 156, C3
// 2,416, C5 48,120, F6 10,164, classes 850; 61,706 in all.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Zoo.h"

using namespace kiln::builder;

static Model lenet5() {
  Sequential net("lenet5", input("image", {1, 32, 32}), "probabilities");
  net.add(Conv2D(6, 5).activation(tanh()).name("c1")).add(AveragePool2D(2).name("s2"));
  net.add(Conv2D(16, 5).activation(tanh()).name("c3")).add(AveragePool2D(2).name("s4"));
  net.add(Conv2D(120, 5).activation(tanh()).name("c5")).add(flatten());
  net.add(Dense(84).activation(tanh()).name("f6")).add(Dense(10).activation(softmax()).name("classes"));
  return net;
}

static const RegisterModel entry({"lenet5", "LeNet-5 on pictures of 32x32; 61,706 parameters", lenet5, lossNamed("cross_entropy"),
                                  optimizerNamed("adam"), 0.001, 64, 8});
