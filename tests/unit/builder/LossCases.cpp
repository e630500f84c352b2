// One case for each loss, and for each optimizer; tests/builder/test_losses.py and test_updates.py hold their references.
#include "frontend/builder/LossWriter.h"
#include "frontend/builder/OptimizerWriter.h"
#include "tests/unit/builder/Cases.h"

using namespace mlir;

namespace kiln::builder::test {

static void addLoss(Writer &w, const std::string &name, const Loss &loss, Sizes shape,
                    llvm::function_ref<Value(Value)> end = nullptr) {
  Value y = w.input(name + ".y", shape);
  auto type = targetOf(loss, mlir::cast<RankedTensorType>(y.getType()));
  Value target = w.input(name + ".t", type.getShape(), type.getElementType().isF32() ? Element::F32 : Element::I64);
  w.result(name + ".rows", writeLoss(w.b, loss, end ? end(y) : y, target));
}

void addLosses(Writer &w) {
  auto named = [](const char *name) {
    Loss loss;
    loss.name = name;
    return loss;
  };
  for (const char *name : {"mse", "sse", "quadratic", "mae", "huber", "binary_cross_entropy", "hinge"})
    addLoss(w, name, named(name), {5, 3});
  Loss wide = named("huber");
  wide.delta = 2.5;
  addLoss(w, "huber_wide", wide, {5});
  for (const char *name : {"cross_entropy", "cross_entropy_one_hot"}) {
    Loss loss = named(name), smooth = loss, given = loss;
    smooth.smoothing = 0.1;
    given.probabilities = true;
    addLoss(w, name, loss, {5, 7});
    addLoss(w, std::string(name) + "_smooth", smooth, {5, 7});
    addLoss(w, std::string(name) + "_given", given, {5, 7});
    addLoss(w, std::string(name) + "_softmax", loss, {5, 7}, [&](Value y) { return w.b.softmax(y, 1); });
  }
  addLoss(w, "cross_entropy_sequence", named("cross_entropy"), {2, 3, 7});
  Loss given = named("binary_cross_entropy");
  addLoss(w, "binary_cross_entropy_sigmoid", given, {5, 3}, [&](Value y) { return w.b.map<SigmoidOp>(y); });
  given.probabilities = true;
  addLoss(w, "binary_cross_entropy_given", given, {5, 3});
  addLoss(w, "perceptron", named("perceptron"), {5, 1}, [&](Value y) { return w.b.cast(w.b.map<LeOp>(0.0, y), elementOf(y)); });
}

static void addUpdate(Writer &w, const std::string &name, const Optimizer &optimizer) {
  Shape flat = {13};
  Update old{w.input(name + ".p", flat), {}};
  Value g = w.input(name + ".g", flat), rate = w.input(name + ".rate", {}), step = w.input(name + ".step", {});
  for (size_t i = 0; i < stateCount(optimizer); ++i)
    old.states.push_back(w.input(name + ".s" + std::to_string(i), flat));
  Update made = writeUpdate(w.b, optimizer, old, g, rate, step, 9);
  w.result(name + ".p", made.parameters);
  for (size_t i = 0; i < made.states.size(); ++i)
    w.result(name + ".s" + std::to_string(i), made.states[i]);
}

void addUpdates(Writer &w) {
  for (const std::string &name : optimizerNames()) {
    Optimizer optimizer, decayed;
    optimizer.name = decayed.name = name;
    decayed.weightDecay = 0.3;
    addUpdate(w, name, optimizer);
    addUpdate(w, name + "_decay", decayed);
    decayed.decayVectors = false;
    addUpdate(w, name + "_decay_matrices", decayed);
  }
  Optimizer clip;
  clip.name = "sgd";
  clip.clipNorm = 0.5;
  addUpdate(w, "clip_norm", clip);
  clip.clipNorm = 0;
  clip.clipValue = 0.25;
  clip.l1 = 0.125;
  addUpdate(w, "clip_value_l1", clip);
}

} // namespace kiln::builder::test
