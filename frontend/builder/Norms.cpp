//===- Norms.cpp - BatchNorm, LayerNorm, dropout ----------------------------------------------------------------===//
#include "frontend/builder/Formulas.h"
#include "frontend/builder/Layers.h"
#include "frontend/builder/Marks.h"
#include "frontend/builder/Scope.h"

using namespace mlir;

namespace kiln::builder {

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
    if (!s.isTraining()) {
      x = markBatchNorm(b, x, s.nameOf("running_mean"), s.nameOf("running_var"), o.momentum_);
      return normalized(mean, variance);
    }
    BatchStatistics batch = batchStatistics(s, x);
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
    if (rate == 0)
      return x[0];
    return s.isTraining() ? dropped(s, x[0], rate) : markDropout(s.b, x[0], rate);
  });
}

} // namespace kiln::builder
