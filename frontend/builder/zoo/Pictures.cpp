//===- Pictures.cpp - convolutional nets with batch norm on pictures of 28x28 -------------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Zoo.h"

using namespace kiln::builder;

static Conv2D convolution(int64_t filters) {
  return Conv2D(filters, 3).padding(Padding::Same).bias(false).weights(Initializer::heNormal());
}

static Model mnistCnn() {
  Sequential net("mnist_cnn", input("image", {1, 28, 28}), "probabilities");
  for (int64_t filters : {32, 64})
    net.add(Conv2D(filters, 3).padding(Padding::Same).weights(Initializer::heNormal()))
        .add(BatchNorm())
        .add(relu())
        .add(MaxPool2D(2));
  net.add(flatten()).add(Dense(128).activation(relu()).weights(Initializer::heNormal())).add(Dense(10).activation(softmax()));
  return net;
}
static const RegisterModel mnistEntry({"mnist_cnn", "convolutions 1-32-64 with batch norm, dense 3136-128-10", mnistCnn,
                                       lossNamed("cross_entropy"), optimizerNamed("adam"), 0.001, 64, 10});

/// Three stages; in training pictures are mirrored and moved, some features dropped.
static Model bnCnn() {
  Sequential net("bn_cnn", input("image", {1, 28, 28}), "probabilities");
  net.add(randomFlip()).add(randomShift(1));
  for (int64_t filters : {32, 64, 128})
    net.add(convolution(filters)).add(BatchNorm()).add(relu()).add(MaxPool2D(2)).add(dropout(0.1));
  net.add(flatten()).add(Dense(128).activation(relu()).weights(Initializer::heNormal())).add(dropout(0.3));
  net.add(Dense(10).activation(softmax()));
  return net;
}
static const RegisterModel bnEntry({"bn_cnn", "three convolutions with batch norm, dropout and augmentation", bnCnn,
                                    lossNamed("cross_entropy"), optimizerNamed("adam"), 0.001, 64, 15});

/// x + f(x), as in ResNet: the block's input is added to its result.
static Tensor block(const Tensor &x, int64_t filters) {
  Tensor y = relu()(BatchNorm()(convolution(filters)(x)));
  return relu()(add({x, BatchNorm()(convolution(filters)(y))}));
}
static Model resnet() {
  Tensor image = input("image", {1, 28, 28}), x = relu()(BatchNorm()(convolution(32)(image)));
  x = block(x, 32);
  x = relu()(BatchNorm()(convolution(64).strides(2)(x)));
  x = globalAveragePool()(block(x, 64));
  return Model("resnet", {image}, Dense(10).activation(softmax())(x), "probabilities");
}
static const RegisterModel resnetEntry({"resnet", "two residual blocks of 32 and 64 channels", resnet, lossNamed("cross_entropy"),
                                        optimizerNamed("adam"), 0.001, 64, 10});
