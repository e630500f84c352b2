//===- Loss.cpp - see Loss.h --------------------------------------------------------------------------------------===//
#include "frontend/builder/Loss.h"
#include "frontend/builder/Formulas.h"
#include "frontend/builder/Logits.h"
#include "frontend/builder/LossWriter.h"
#include <limits>

using namespace mlir;

namespace kiln::builder {

namespace {
struct Case {
  GraphBuilder &b;
  const Loss &loss;
  Value y, t; ///< result and target

  Value error() const { return b.map<SubOp>(y, t); }
  Value clampedLog(Value p) const { return b.map<LogOp>(b.map<MaxOp>(p, 1e-7)); }
  /// The logarithm of the classes' probabilities.
  Value logProbabilities() const {
    Value logits = behindSoftmax(y);
    return !logits && loss.probabilities ? clampedLog(y) : logSoftmaxOf(b, logits ? logits : y);
  }
};
struct Entry {
  const char *name;
  bool labels, summed;
  Value (*write)(const Case &c); ///< any shape that begins with the batch; what is left of it is averaged
};
} // namespace

static Value perRow(GraphBuilder &b, Value x, bool mean) {
  Shape dims = dimsFrom(1, rankOf(x));
  return dims.empty() ? x : mean ? b.mean(x, dims) : b.reduce(x, ReduceKind::Add, dims);
}

static Value squared(const Case &c) { return c.b.map<MulOp>(c.error(), c.error()); }
static Value summedSquares(const Case &c) { return perRow(c.b, squared(c), false); }
static Value quadratic(const Case &c) { return c.b.map<MulOp>(summedSquares(c), 0.5); }
static Value absolute(const Case &c) { return c.b.map<AbsOp>(c.error()); }

static Value huber(const Case &c) {
  GraphBuilder &b = c.b;
  if (!(c.loss.delta > 0))
    throw BuildError{"the delta of huber is " + std::to_string(c.loss.delta) + ", expected a positive number"};
  Value e = c.error(), size = b.map<AbsOp>(e), near = b.map<MulOp>(b.map<MulOp>(e, e), 0.5);
  Value far = b.map<MulOp>(b.map<SubOp>(size, c.loss.delta / 2), c.loss.delta);
  return b.select(b.map<LeOp>(size, c.loss.delta), near, far);
}

static double smoothingOf(const Case &c) {
  if (!(c.loss.smoothing >= 0 && c.loss.smoothing < 1))
    throw BuildError{"the label smoothing is " + std::to_string(c.loss.smoothing) + ", expected at least 0 and below 1"};
  return c.loss.smoothing;
}

/// -((1 - e) log p[label] + e * mean of log p).
static Value crossEntropy(const Case &c) {
  GraphBuilder &b = c.b;
  Value logs = c.logProbabilities();
  int64_t last = rankOf(logs) - 1, classes = sizesOf(logs)[last];
  Shape rows = dimsFrom(0, last);
  Value index = b.iota(elementOf(c.t), sizesOf(logs), last);
  Value hit = b.map<EqOp>(b.spread(c.t, rows, sizesOf(logs)), index);
  Value picked = b.reduce(b.select(hit, logs, b.fill(logs, 0)), ReduceKind::Add, last);
  if (double e = smoothingOf(c); e > 0)
    picked = b.map<AddOp>(b.map<MulOp>(picked, 1 - e), b.map<MulOp>(b.mean(logs, last), e));
  Value known = b.map<AndOp>(b.map<LeOp>(b.fill(c.t, 0), c.t), b.map<LtOp>(c.t, b.fill(c.t, static_cast<double>(classes))));
  return b.select(known, b.map<NegOp>(picked), b.fill(picked, std::numeric_limits<double>::quiet_NaN()));
}

static Value crossEntropyOneHot(const Case &c) {
  GraphBuilder &b = c.b;
  Value logs = c.logProbabilities(), target = c.t;
  int64_t last = rankOf(logs) - 1;
  if (double e = smoothingOf(c); e > 0)
    target = b.map<AddOp>(b.map<MulOp>(target, 1 - e), e / static_cast<double>(sizesOf(logs)[last]));
  return b.map<NegOp>(b.reduce(b.map<MulOp>(target, logs), ReduceKind::Add, last));
}

/// Of logits x: softplus(x) - t x.
static Value binaryCrossEntropy(const Case &c) {
  GraphBuilder &b = c.b;
  Value logits = behindSigmoid(c.y);
  if (!logits && c.loss.probabilities) {
    Value yes = b.map<MulOp>(c.t, c.clampedLog(c.y));
    return b.map<NegOp>(b.map<AddOp>(yes, b.map<MulOp>(b.map<SubOp>(1.0, c.t), c.clampedLog(b.map<SubOp>(1.0, c.y)))));
  }
  Value x = logits ? logits : c.y;
  return b.map<SubOp>(softplusOf(b, x), b.map<MulOp>(c.t, x));
}

static Value hinge(const Case &c) {
  GraphBuilder &b = c.b;
  Value margin = b.map<SubOp>(1.0, b.map<MulOp>(c.t, c.y));
  return b.select(b.map<LeOp>(margin, 0.0), b.fill(margin, 0), margin);
}

static Value perceptron(const Case &c) {
  GraphBuilder &b = c.b;
  Value n = behindStep(c.y);
  if (!n)
    throw BuildError{"the loss 'perceptron' needs a model that ends with the activation step"};
  return perRow(b, b.map<MulOp>(b.detach(c.error()), n), false);
}

static const Entry entries[] = {
    {"mse", false, false, squared},
    {"sse", false, true, summedSquares},
    {"quadratic", false, false, quadratic},
    {"mae", false, false, absolute},
    {"huber", false, false, huber},
    {"cross_entropy", true, false, crossEntropy},
    {"cross_entropy_one_hot", false, false, crossEntropyOneHot},
    {"binary_cross_entropy", false, false, binaryCrossEntropy},
    {"hinge", false, false, hinge},
    {"perceptron", false, false, perceptron},
};

static const Entry &entryOf(const Loss &loss) {
  std::string names;
  for (const Entry &each : entries) {
    if (loss.name == each.name)
      return each;
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  throw BuildError{"there is no loss '" + loss.name + "', expected one of " + names};
}

std::vector<std::string> lossNames() {
  std::vector<std::string> names;
  for (const Entry &each : entries)
    names.emplace_back(each.name);
  return names;
}

double thresholdOf(const Loss &loss, Value result) {
  bool logits = loss.name == "binary_cross_entropy" && !loss.probabilities && !behindSigmoid(result);
  return logits || loss.name == "hinge" ? 0 : 0.5;
}

bool isSummed(const Loss &loss) { return entryOf(loss).summed; }

RankedTensorType targetOf(const Loss &loss, RankedTensorType result) {
  bool labels = entryOf(loss).labels;
  if (result.getRank() < (labels ? 2 : 1) || !result.getElementType().isF32())
    throw BuildError{"the model's result is " + typeText(result.getElementType()) + sizesText(result.getShape()) +
                     ", expected f32 and " + (labels ? "at least two dimensions" : "a batch")};
  if (!labels)
    return RankedTensorType::get(result.getShape(), result.getElementType());
  return RankedTensorType::get(result.getShape().drop_back(), IntegerType::get(result.getContext(), 64));
}

Value writeLoss(GraphBuilder &b, const Loss &loss, Value result, Value target) {
  return perRow(b, entryOf(loss).write({b, loss, result, target}), true);
}

} // namespace kiln::builder
