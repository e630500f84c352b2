//===- Marks.cpp - see Marks.h ------------------------------------------------------------------------------------===//
#include "frontend/builder/Marks.h"
#include "frontend/builder/Augmentation.h"
#include "frontend/builder/Formulas.h"
#include "frontend/builder/Windows.h"

using namespace mlir;

namespace kiln::builder {

static constexpr const char *attribute = "kiln.training";

static Value marked(GraphBuilder &b, Value x, llvm::ArrayRef<NamedAttribute> mark) {
  Value y = b.same(x);
  y.getDefiningOp()->setAttr(attribute, DictionaryAttr::get(b.context(), mark));
  return y;
}

static NamedAttribute named(GraphBuilder &b, const char *key, const std::string &text) {
  return {StringAttr::get(b.context(), key), StringAttr::get(b.context(), text)};
}

static NamedAttribute named(GraphBuilder &b, const char *key, double number) {
  return {StringAttr::get(b.context(), key), FloatAttr::get(Float64Type::get(b.context()), number)};
}

static NamedAttribute named(GraphBuilder &b, const char *key, int64_t number) {
  return {StringAttr::get(b.context(), key), IntegerAttr::get(IntegerType::get(b.context(), 64), number)};
}

Value markFlip(GraphBuilder &b, Value x) { return marked(b, x, {named(b, "layer", "random_flip")}); }

Value markShift(GraphBuilder &b, Value x, int64_t most) {
  return marked(b, x, {named(b, "layer", "random_shift"), named(b, "most", most)});
}

Value markCrop(GraphBuilder &b, Value x, int64_t height, int64_t width) {
  return marked(b, x, {named(b, "layer", "random_crop"), named(b, "height", height), named(b, "width", width)});
}

Value markDropout(GraphBuilder &b, Value x, double rate) {
  return marked(b, x, {named(b, "layer", "dropout"), named(b, "rate", rate)});
}

Value markBatchNorm(GraphBuilder &b, Value x, const std::string &mean, const std::string &variance, double momentum) {
  return marked(
      b, x,
      {named(b, "layer", "batch_norm"), named(b, "mean", mean), named(b, "variance", variance), named(b, "momentum", momentum)});
}

BatchStatistics batchStatistics(Scope &s, Value x) {
  GraphBuilder &b = s.b;
  Shape inner = dimsFrom(2, rankOf(x));
  double each = 1; // elements of a row and channel
  for (int64_t dim : inner)
    each *= static_cast<double>(sizesOf(x)[dim]);
  Shape rows = {sizesOf(x)[0], sizesOf(x)[1]};
  Value weight = b.spread(s.rowWeights(), 0, rows), count = b.map<MulOp>(b.reduce(s.rowWeights(), ReduceKind::Add, 0), each);
  auto summed = [&](Value y) { return b.reduce(b.map<MulOp>(b.reduce(y, ReduceKind::Add, inner), weight), ReduceKind::Add, 0); };
  BatchStatistics made;
  made.mean = b.map<DivOp>(summed(x), count);
  // sum (x - mean)^2 = sum (x - k)^2 - count (mean - k)^2 for any number k: with the mean held as k, what is subtracted is 0, and every
  // derivative is right, though none goes through k: the way back has no second sum over the batch, only numbers for each channel.
  Value held = b.detach(made.mean), off = b.map<SubOp>(made.mean, held), centred = b.map<SubOp>(x, b.spread(held, 1, sizesOf(x)));
  Value squares = b.map<SubOp>(summed(b.map<MulOp>(centred, centred)), b.map<MulOp>(count, b.map<MulOp>(off, off)));
  made.variance = b.map<DivOp>(squares, count);
  made.unbiased = b.map<DivOp>(squares, b.map<MaxOp>(b.map<SubOp>(count, 1.0), 1.0));
  return made;
}

Value dropped(Scope &s, Value x, double rate) {
  Value kept = s.b.map<LeOp>(rate, s.random(sizesOf(x)));
  return s.b.select(kept, s.b.map<MulOp>(x, 1 / (1 - rate)), s.b.fill(x, 0));
}

//===- reading marks -===//

static double numberOf(DictionaryAttr mark, const char *key) {
  auto number = mark.getAs<FloatAttr>(key);
  if (!number || !(number.getValueAsDouble() >= 0 && number.getValueAsDouble() <= 1))
    throw BuildError{"the graph's " + std::string(attribute) + " has no '" + key + "' from 0 to 1"};
  return number.getValueAsDouble();
}

static int64_t integerOf(DictionaryAttr mark, const char *key) {
  auto number = mark.getAs<IntegerAttr>(key);
  if (!number || !number.getType().isInteger(64) || std::abs(number.getInt()) > INT32_MAX)
    throw BuildError{"the graph's " + std::string(attribute) + " has no '" + key + "' of type i64 below 2^31"};
  return number.getInt();
}

/// A part from anywhere, in the middle of zeros: slices that take the middle follow.
static Value croppedWithin(Scope &s, Value x, int64_t height, int64_t width) {
  requireCrop(x, height, width);
  int64_t spareY = sizesOf(x)[2] - height, spareX = sizesOf(x)[3] - width, top = spareY / 2, left = spareX / 2;
  Value part = croppedAtRandom(s, x, height, width);
  return s.b.pad(part, s.b.splat(elementOf(x), {}, 0), {0, 0, top, left}, {0, 0, spareY - top, spareX - left});
}

/// What an augmentation's mark makes of x in training, or null for another mark.
static Value augmented(Scope &s, Value x, llvm::StringRef layer, DictionaryAttr mark) {
  if (layer == "random_flip") {
    requirePicture(x);
    return flippedAtRandom(s, x);
  }
  if (layer == "random_shift") {
    int64_t most = integerOf(mark, "most");
    requireShift(x, most);
    return shiftedAtRandom(s, x, most);
  }
  return layer == "random_crop" ? croppedWithin(s, x, integerOf(mark, "height"), integerOf(mark, "width")) : Value();
}

/// The statistic's value before the step.
Value MarkedCopy::keptOf(llvm::StringRef name) const {
  auto found = uses.find(name.str());
  if (found == uses.end())
    throw BuildError{"the graph's " + std::string(attribute) + " names the statistic '" + name.str() +
                     "', which is not used before it"};
  UseOp use = found->second.front();
  return scope.statistic(name.str(), shapeOf(use.getType()), 0);
}

void MarkedCopy::writeBatchNorm(Operation *op, DictionaryAttr mark) {
  GraphBuilder &b = scope.b;
  Value x = map.lookup(op->getOperand(0));
  double momentum = numberOf(mark, "momentum");
  BatchStatistics batch = batchStatistics(scope, x);
  for (auto [key, seen, kept] :
       {std::tuple("mean", batch.mean, batch.mean), std::tuple("variance", batch.variance, batch.unbiased)}) {
    auto name = mark.getAs<StringAttr>(key);
    Value running = keptOf(name ? name.getValue() : "");
    if (sizesOf(running) != sizesOf(seen))
      throw BuildError{"the statistic '" + name.str() + "' is " + shapeText(running) + " for channels of " + shapeText(seen)};
    scope.update(name.str(), b.map<AddOp>(b.map<MulOp>(running, 1 - momentum), b.map<MulOp>(kept, momentum)));
    for (UseOp use : uses.at(name.str()))
      map.map(use.getResult(), seen);
  }
  map.map(op->getResult(0), x);
}

void MarkedCopy::write(Operation *op) {
  auto mark = scope.isTraining() ? op->getAttrOfType<DictionaryAttr>(attribute) : DictionaryAttr();
  auto layer = mark && op->getNumOperands() == 1 ? mark.getAs<StringAttr>("layer") : StringAttr();
  if (!layer)
    return scope.b.copy(op, map);
  if (layer == "dropout") {
    double rate = numberOf(mark, "rate");
    map.map(op->getResult(0), rate < 1 ? dropped(scope, map.lookup(op->getOperand(0)), rate) : scope.b.fill(op->getResult(0), 0));
  } else if (layer == "batch_norm") {
    writeBatchNorm(op, mark);
  } else if (Value changed = augmented(scope, map.lookup(op->getOperand(0)), layer.getValue(), mark)) {
    map.map(op->getResult(0), changed);
  } else {
    throw BuildError{"the graph's " + std::string(attribute) + " names the layer '" + layer.str() +
                     "', expected dropout, batch_norm, random_flip, random_shift or random_crop"};
  }
}

} // namespace kiln::builder
