//===- Augmentation.cpp - pictures changed at random, in training alone ----------------------------------------===//
#include "frontend/builder/Augmentation.h"
#include "frontend/builder/Layers.h"
#include "frontend/builder/Marks.h"
#include "frontend/builder/Windows.h"

using namespace mlir;

namespace kiln::builder {

Value flippedAtRandom(Scope &s, Value x) {
  int64_t width = sizesOf(x)[3];
  Value turned = s.b.slice(x, 3, width - 1, width, -1);
  Value chosen = s.b.map<LtOp>(s.random(sizesOf(x)[0]), 0.5);
  return s.b.select(s.b.spread(chosen, 0, sizesOf(x)), turned, x);
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

Value croppedAtRandom(Scope &s, Value x, int64_t height, int64_t width) {
  int64_t batch = sizesOf(x)[0];
  x = s.b.contract(moves(s, batch, height, sizesOf(x)[2]), x, "bhy,bcyx->bchx");
  return s.b.contract(x, moves(s, batch, width, sizesOf(x)[3]), "bchx,bwx->bchw");
}

Value shiftedAtRandom(Scope &s, Value x, int64_t most) {
  Shape border = {0, 0, most, most};
  return croppedAtRandom(s, s.b.pad(x, s.b.splat(elementOf(x), {}, 0), border, border), sizesOf(x)[2], sizesOf(x)[3]);
}

void requireShift(Value x, int64_t most) {
  requirePicture(x);
  if (most < 0)
    throw BuildError{"it shifts by up to " + std::to_string(most) + ", expected no negative number"};
  checkElements({sizesOf(x)[0], sizesOf(x)[1], sizesOf(x)[2] + 2 * most, sizesOf(x)[3] + 2 * most});
}

void requireCrop(Value x, int64_t height, int64_t width) {
  requirePicture(x);
  if (height < 1 || width < 1 || height > sizesOf(x)[2] || width > sizesOf(x)[3])
    throw BuildError{"it crops " + sizesText({height, width}) + " out of " + shapeText(x)};
}

//===- the layers: in an inference they leave marks -===//

Layer randomFlip() {
  return layer("random_flip", "", [](Scope &s, const Inputs &x) {
    requirePicture(x[0]);
    return s.isTraining() ? flippedAtRandom(s, x[0]) : markFlip(s.b, x[0]);
  });
}

Layer randomShift(int64_t most) {
  return layer("random_shift", "", [=](Scope &s, const Inputs &x) {
    requireShift(x[0], most);
    if (most == 0)
      return x[0];
    return s.isTraining() ? shiftedAtRandom(s, x[0], most) : markShift(s.b, x[0], most);
  });
}

Layer randomCrop(int64_t height, int64_t width) {
  return layer("random_crop", "", [=](Scope &s, const Inputs &x) {
    requireCrop(x[0], height, width);
    if (s.isTraining())
      return croppedAtRandom(s, x[0], height, width);
    Value whole = markCrop(s.b, x[0], height, width);
    return s.b.slice(s.b.slice(whole, 2, (sizesOf(whole)[2] - height) / 2, height), 3, (sizesOf(whole)[3] - width) / 2, width);
  });
}

} // namespace kiln::builder
