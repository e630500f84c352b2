// One case for each layer and activation; tests/builder/test_layers.py holds their references.
#include "tests/unit/builder/Cases.h"

namespace kiln::builder::test {

static void addActivations(Writer &w) {
  const std::pair<const char *, Layer> all[] = {{"linear", linear()},   {"step", step()},  {"sigmoid", sigmoid()},
                                                {"tanh", tanh()},       {"relu", relu()},  {"leaky_relu", leakyRelu(0.1)},
                                                {"elu", elu(1.5)},      {"selu", selu()},  {"softplus", softplus()},
                                                {"gelu", gelu()},       {"silu", silu()},  {"maxout", maxout(3)},
                                                {"softmax", softmax()}, {"prelu", prelu()}};
  for (const auto &[name, layer] : all)
    w.layer(name, layer, {5, 9});
  w.layer("prelu_picture", prelu(), {2, 3, 4, 5});
}

static void addPictures(Writer &w) {
  std::vector<int64_t> shape = {2, 4, 9, 11};
  w.layer("conv_valid", Conv2D(5, Pair(3, 2)), shape);
  w.layer("conv_same", Conv2D(3, 3).padding(Padding::Same).strides(2).activation(relu()), shape);
  w.layer("conv_even", Conv2D(3, Pair(2, 4)).padding(Padding::Same), shape);
  w.layer("conv_explicit", Conv2D(3, 3).borders(Borders(Pair(1, 2), Pair(0, 3))).bias(false), shape);
  w.layer("conv_dilated", Conv2D(3, 3).dilation(Pair(2, 3)).strides(Pair(1, 2)), shape);
  w.layer("conv_groups", Conv2D(6, 3).groups(2), shape);
  w.layer("conv_depthwise", Conv2D(4, 3).groups(4).padding(Padding::Same), shape);
  w.layer("max_pool", MaxPool2D(Pair(2, 3)), shape);
  w.layer("max_same", MaxPool2D(3).strides(2).padding(Padding::Same), shape);
  w.layer("average_pool", AveragePool2D(2), shape);
  w.layer("average_same", AveragePool2D(3).strides(2).padding(Padding::Same), shape);
  w.layer("norm_pool", NormPool2D(2), shape);
  w.layer("norm_pool_3", NormPool2D(2).power(3), shape);
  w.layer("global_average", globalAveragePool(), shape);
  w.layer("global_max", globalMaxPool(), shape);
  w.layer("flatten", flatten(), shape);
  w.layer("reshape", reshape({9, -1, 2}), shape);
  w.layer("batch_norm", BatchNorm(), shape);
  w.layer("batch_norm_rows", BatchNorm().epsilon(1e-3), {5, 7});
  w.layer("crop", randomCrop(6, 7), shape);
  Tensor x = input("x", {3, 4, 5}), z = input("z", {3, 4, 5});
  w.model("add", Model("add", {x, z}, add({x, z, x})), 2);
  w.model("concat", Model("concat", {x, z}, concat({x, z}, 2)), 2);
}

static void addSequences(Writer &w) {
  w.layer("dense", Dense(7).activation(tanh()), {5, 3});
  w.layer("dense_sequence", Dense(7), {2, 5, 3});
  w.layer("layer_norm", LayerNorm(), {2, 5, 7});
  w.layer("embedding", Embedding(11, 5), {3, 4}, false, Element::I64);
  w.layer("positions", PositionalEmbedding(), {3, 4, 5});
  w.layer("rnn", SimpleRNN(5), {3, 4, 2});
  w.layer("lstm", LSTM(5).sequences(true), {3, 4, 2});
  w.layer("gru", GRU(5), {3, 4, 2});
  w.layer("attention", MultiHeadAttention(2), {2, 5, 6});
  w.layer("causal", MultiHeadAttention(3).causal(true).bias(false), {2, 5, 6});
  Tensor x = input("x", {4});
  Layer twice = Dense(4);
  w.model("shared", Model("shared", {x}, twice(twice(x))), 3);
}

/// Both loops draw: a number for each element, and one for each row of the inner loop's steps; and the derivative of the sum by x.
static void addDraws(Writer &w) {
  using namespace mlir;
  Value key = w.input("draws.key", {2}, Element::I64), x = w.input("draws.x", {3, 4, 5});
  Value y = w.b.scan({}, x, true, [&](ArrayRef<Value>, ArrayRef<Value> rows) {
    return w.b.scan({}, rows, false, [&](ArrayRef<Value>, ArrayRef<Value> row) {
      return std::vector<Value>{w.b.map<MulOp>(row[0], w.b.random(key, 1, {5}))};
    });
  })[0];
  y = w.b.scan({}, y, false, [&](ArrayRef<Value>, ArrayRef<Value> rows) {
    return std::vector<Value>{w.b.map<MulOp>(rows[0], w.b.random(key, 0, {4, 5}))};
  })[0];
  w.result("draws.y", y);
  w.result("draws.slope", w.b.gradient(y, x).front());
}

static void addTraining(Writer &w) {
  w.layer("batch_norm_training", BatchNorm(), {6, 3, 4, 5}, true);
  w.curvature("batch_norm_curvature", BatchNorm(), {5, 2, 3});
  w.layer("dropout", dropout(0.25), {64, 100}, true);
  w.layer("flip", randomFlip(), {64, 1, 3, 5}, true);
  w.layer("shift", randomShift(2), {64, 1, 6, 7}, true);
  w.layer("crop_training", randomCrop(4, 5), {64, 1, 6, 7}, true);
}

void addLayers(Writer &w) {
  addActivations(w);
  addPictures(w);
  addSequences(w);
  addTraining(w);
  addDraws(w);
}

} // namespace kiln::builder::test
