//===- Norms.cpp - BatchNorm, LayerNorm, dropout ----------------------------------------------------------------===//
#include "frontend/builder/Formulas.h"
#include "frontend/builder/Layers.h"
#include "frontend/builder/Scope.h"

using namespace mlir;

namespace kiln::builder {

namespace {
/// The batch's mean and variance for each channel. Rows that fill up the batch have weight 0 and do not count.
struct BatchStatistics {
  Value mean, variance, unbiased;
};
} // namespace

static BatchStatistics statisticsOf(Scope &s, Value x) {
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
  // The derivative of a variance with respect to its mean is 0, so the mean is held: it would be a sum over the batch that gives zero.
  Value centred = b.map<SubOp>(x, b.spread(b.detach(made.mean), 1, sizesOf(x))), squares = summed(b.map<MulOp>(centred, centred));
  made.variance = b.map<DivOp>(squares, count);
  made.unbiased = b.map<DivOp>(squares, b.map<MaxOp>(b.map<SubOp>(count, 1.0), 1.0));
  return made;
}

/// x * a + (bias - mean * a) with a = scale / sqrt(variance + epsilon): in an inference all but x is constant.
BatchNorm::operator Layer() const {
  return layer("batch_norm", name_, [o = *this](Scope &s, const Inputs &inputs) {
    GraphBuilder &b = s.b;
    Value x = inputs[0];
    if (rankOf(x) < 2 || !isFloat(x))
      throw BuildError{"its input is " + shapeText(x) + ", expected floats of a batch and channels"};
    Shape channels = {sizesOf(x)[1]};
    Value scale = s.parameter("weight", channels, Initializer::ones()), bias = s.parameter("bias", channels, Initializer::zeros());
    Value mean = s.statistic("running_mean", channels, 0), variance = s.statistic("running_var", channels, 1);
    auto normalized = [&](Value mean, Value variance) {
      Value a = b.map<MulOp>(scale, b.map<RsqrtOp>(b.map<AddOp>(variance, o.epsilon_)));
      Value c = b.map<SubOp>(bias, b.map<MulOp>(mean, a));
      return b.map<AddOp>(b.map<MulOp>(x, b.spread(a, 1, sizesOf(x))), b.spread(c, 1, sizesOf(x)));
    };
    if (!s.isTraining())
      return normalized(mean, variance);
    BatchStatistics batch = statisticsOf(s, x);
    auto follow = [&](Value running, Value seen) {
      return b.map<AddOp>(b.map<MulOp>(running, 1 - o.momentum_), b.map<MulOp>(seen, o.momentum_));
    };
    s.update("running_mean", follow(mean, batch.mean));
    s.update("running_var", follow(variance, batch.unbiased));
    return normalized(batch.mean, batch.variance);
  });
}

LayerNorm::operator Layer() const {
  return layer("layer_norm", name_, [o = *this](Scope &s, const Inputs &x) {
    GraphBuilder &b = s.b;
    if (rankOf(x[0]) < 2 || !isFloat(x[0]))
      throw BuildError{"its input is " + shapeText(x[0]) + ", expected floats of two dimensions or more"};
    Shape last = {rankOf(x[0]) - 1}, features = {sizesOf(x[0]).back()};
    Value centred = b.map<SubOp>(x[0], b.mean(x[0], last, true));
    Value variance = b.mean(b.map<MulOp>(centred, centred), last, true);
    Value y = b.map<MulOp>(centred, b.map<RsqrtOp>(b.map<AddOp>(variance, o.epsilon_)));
    y = b.map<MulOp>(y, s.parameter("weight", features, Initializer::ones()));
    return b.map<AddOp>(y, s.parameter("bias", features, Initializer::zeros()));
  });
}

Layer dropout(double rate) {
  return layer("dropout", "", [=](Scope &s, const Inputs &x) {
    if (!(rate >= 0 && rate < 1))
      throw BuildError{"its rate is " + std::to_string(rate) + ", expected at least 0 and below 1"};
    if (!s.isTraining() || rate == 0)
      return x[0];
    Value kept = s.b.map<LeOp>(rate, s.random(sizesOf(x[0])));
    return s.b.select(kept, s.b.map<MulOp>(x[0], 1 / (1 - rate)), s.b.fill(x[0], 0));
  });
}

} // namespace kiln::builder
