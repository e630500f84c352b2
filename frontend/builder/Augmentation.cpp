//===- Augmentation.cpp - pictures changed at random, in training alone ----------------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Scope.h"
#include "frontend/builder/Windows.h"

using namespace mlir;

namespace kiln::builder {

Layer randomFlip() {
  return layer("random_flip", "", [](Scope &s, const Inputs &x) {
    requirePicture(x[0]);
    if (!s.isTraining())
      return x[0];
    int64_t width = sizesOf(x[0])[3];
    Value turned = s.b.slice(x[0], 3, width - 1, width, -1);
    Value chosen = s.b.map<LtOp>(s.random(sizesOf(x[0])[0]), 0.5);
    return s.b.select(s.b.spread(chosen, 0, sizesOf(x[0])), turned, x[0]);
  });
}

/// [batch, results, from]: 1 where `from` is the result's place moved by the row's offset, uniform in [0, from - results]. As a product with
/// zeros and one 1 it moves numbers unchanged, without an index that a launch would have to check.
static Value moves(Scope &s, int64_t batch, int64_t results, int64_t from) {
  Type f32 = s.f32();
  Shape shape = {batch, results, from};
  Value offset = s.b.map<FloorOp>(s.b.map<MulOp>(s.random(batch), static_cast<double>(from - results + 1)));
  Value wanted = s.b.map<AddOp>(s.b.iota(f32, shape, 1), s.b.spread(offset, 0, shape));
  return s.b.cast(s.b.map<EqOp>(wanted, s.b.iota(f32, shape, 2)), f32);
}

static Value cropped(Scope &s, Value x, int64_t height, int64_t width) {
  int64_t batch = sizesOf(x)[0];
  x = s.b.contract(moves(s, batch, height, sizesOf(x)[2]), x, "bhy,bcyx->bchx");
  return s.b.contract(x, moves(s, batch, width, sizesOf(x)[3]), "bchx,bwx->bchw");
}

Layer randomShift(int64_t most) {
  return layer("random_shift", "", [=](Scope &s, const Inputs &x) {
    requirePicture(x[0]);
    if (most < 0)
      throw BuildError{"it shifts by up to " + std::to_string(most) + ", expected no negative number"};
    if (!s.isTraining() || most == 0)
      return x[0];
    Shape border = {0, 0, most, most};
    return cropped(s, s.b.pad(x[0], s.b.splat(elementOf(x[0]), {}, 0), border, border), sizesOf(x[0])[2], sizesOf(x[0])[3]);
  });
}

Layer randomCrop(int64_t y, int64_t x) {
  return layer("random_crop", "", [=](Scope &s, const Inputs &inputs) {
    Value whole = inputs[0];
    requirePicture(whole);
    int64_t spareY = sizesOf(whole)[2] - y, spareX = sizesOf(whole)[3] - x;
    if (y < 1 || x < 1 || spareY < 0 || spareX < 0)
      throw BuildError{"it crops " + sizesText({y, x}) + " out of " + shapeText(whole)};
    if (s.isTraining())
      return cropped(s, whole, y, x);
    return s.b.slice(s.b.slice(whole, 2, spareY / 2, y), 3, spareX / 2, x);
  });
}

} // namespace kiln::builder
