//===- Products.cpp - Dense, Conv2D, Embedding ------------------------------------------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Scope.h"
#include "frontend/builder/Windows.h"

using namespace mlir;

namespace kiln::builder {

Dense::operator Layer() const {
  return layer("dense", name_, [o = *this](Scope &s, const Inputs &x) {
    if (o.units < 1 || rankOf(x[0]) < 2 || !isFloat(x[0]))
      throw BuildError{"it has " + std::to_string(o.units) + " units on " + shapeText(x[0]) +
                       ", expected floats of two dimensions or more"};
    int64_t inputs = sizesOf(x[0]).back();
    Value w = s.parameter("weight", {inputs, o.units}, o.weights_, {static_cast<double>(inputs), static_cast<double>(o.units)});
    Value y = s.b.matmul(x[0], w);
    if (o.bias_)
      y = s.b.map<AddOp>(y, s.parameter("bias", {o.units}, o.biases_));
    return s.apply(o.activation_, {y});
  });
}

/// [n, groups*c, y, x] and [groups*f, c, y, x] -> [n, groups*f, y, x]; a group is a letter of its own.
static Value convolve(GraphBuilder &b, Value x, Value w, int64_t groups, const GraphBuilder::Windows &windows) {
  if (groups == 1)
    return b.window(x, w, "ncyx,ocyx->noyx", "yx", windows);
  Sizes xs = sizesOf(x), ws = sizesOf(w);
  int64_t each = ws[0] / groups;
  if (ws[1] == 1 && each == 1)
    return b.window(x, b.reshape(w, {groups, ws[2], ws[3]}), "ncyx,cyx->ncyx", "yx", windows);
  Value split = b.reshape(x, {xs[0], groups, ws[1], xs[2], xs[3]}), weights = b.reshape(w, {groups, each, ws[1], ws[2], ws[3]});
  Value y = b.window(split, weights, "ngcyx,gocyx->ngoyx", "yx", windows);
  return b.reshape(y, {xs[0], ws[0], sizesOf(y)[3], sizesOf(y)[4]});
}

Conv2D::operator Layer() const {
  return layer("conv2d", name_, [o = *this](Scope &s, const Inputs &x) {
    requirePicture(x[0]);
    int64_t channels = sizesOf(x[0])[1];
    if (o.groups_ < 1 || o.filters < 1 || channels % o.groups_ || o.filters % o.groups_)
      throw BuildError{"it has " + std::to_string(o.filters) + " filters in " + std::to_string(o.groups_) + " groups for " +
                       shapeText(x[0])};
    PictureWindows w = windowsOf(x[0], o.kernel, o.strides_, o.dilation_, o.padding_, o.borders_);
    int64_t taps = o.kernel.y * o.kernel.x, in = channels / o.groups_, out = o.filters / o.groups_;
    Fans fans{static_cast<double>(in * taps), static_cast<double>(out * taps)};
    Value weights = s.parameter("weight", {o.filters, in, o.kernel.y, o.kernel.x}, o.weights_, fans);
    Value y = convolve(s.b, x[0], weights, o.groups_, {w.strides, w.low, w.high, {1, 1}, w.dilation});
    if (o.bias_)
      y = s.b.map<AddOp>(y, s.b.spread(s.parameter("bias", {o.filters}, o.biases_), 1, sizesOf(y)));
    return s.apply(o.activation_, {y});
  });
}

Embedding::operator Layer() const {
  return layer("embedding", name_, [o = *this](Scope &s, const Inputs &x) {
    return s.b.gather(s.parameter("weight", {o.tokens, o.features}, o.weights_), x[0], 0);
  });
}

PositionalEmbedding::operator Layer() const {
  return layer("positional_embedding", name_, [o = *this](Scope &s, const Inputs &x) {
    if (rankOf(x[0]) != 3)
      throw BuildError{"its input is " + shapeText(x[0]) + ", expected [batch, length, features]"};
    return s.b.map<AddOp>(x[0], s.parameter("weight", {sizesOf(x[0])[1], sizesOf(x[0])[2]}, o.weights_));
  });
}

} // namespace kiln::builder
