//===- Training.h - a description or an inference graph becomes a training step and an evaluation ----------------===//
//
// In: a model, a loss, an optimizer. Out: two modules with one @main each, and the inference graph that a checkpoint carries.
//
// step, inputs: `parameters` f32[P], `optimizer.0`.. f32[P], `statistics` f32[B] (where the model has some), `gradients` f32[P] (where they
// are accumulated), `step` i64, `rate` f32, `seed` i64, `apply` i1 (where accumulated), the model's own, `target`, `weight` f32[batch].
// step, results: parameters, optimizer.*, statistics, gradients, each `kiln.tied` to the input of its name; `loss` f32 = sum of weight * row's
// loss, without regularisation; `prediction` and `largest` when asked for. evaluate: parameters, statistics, the model's own, target, weight -> loss,
// prediction.
//
// The gradient is of the mean: sum(weight * loss) / sum(weight). Accumulated over k calls it is their mean; the call with `apply` true changes
// the parameters and takes the sum back to zero. The statistics move at every call.
//
// `parameters` is one flat region: the parameters of two dimensions and more first, then the others, each group in the model's order.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_TRAINING_H
#define KILN_FRONTEND_BUILDER_TRAINING_H
#include "frontend/WeightedModule.h"
#include "frontend/builder/Loss.h"
#include "frontend/builder/Model.h"
#include "frontend/builder/Optimizer.h"
#include "llvm/Support/Error.h"
#include <array>

namespace kiln::builder {

struct TrainingOptions {
  Loss loss;
  Optimizer optimizer;
  int64_t accumulate = 1; ///< steps whose gradients are averaged
  bool prediction = false; ///< the step gives it too
  bool largest =
      false; ///< and the largest magnitude of the parameters and statistics that it leaves: NaN or infinite if one of them is
};

/// A part of a flat region.
struct Part {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset, count; ///< in elements
};

struct TrainingGraphs {
  mlir::OwningOpRef<mlir::ModuleOp> step, evaluate;
  WeightedModule inference; ///< its weights are the first values
  std::array<std::string, 2> scaled; ///< the same for a batch of 2 and of 3, as text, where they are known (Rebatch.h)
  std::vector<Part> parameters, statistics; ///< in the order of the regions
  size_t optimizerStates = 0;
  int64_t batch = 0;
  double threshold = 0.5; ///< above which a prediction is a yes
};

llvm::Expected<TrainingGraphs> buildTraining(const Model &model, int64_t batch, uint64_t seed, const TrainingOptions &options,
                                             mlir::MLIRContext &context);
/// Of a graph that any front end made: its float kiln.parameters are trained, but for those marked `kiln.frozen`, which become constants, and
/// `kiln.statistic` (Marks.h).
/// The batch is the first dimension of every input and of the first result, which is the prediction.
llvm::Expected<TrainingGraphs> buildTraining(WeightedModule inference, const TrainingOptions &options);

/// A model as a graph, with its first values; for tools.
llvm::Expected<WeightedModule> buildInference(const Model &model, int64_t batch, uint64_t seed, mlir::MLIRContext &context);

} // namespace kiln::builder

#endif
