//===- Trainee.h - what is trained, whatever described it --------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_TRAINEE_H
#define KILN_FRONTEND_BUILDER_TRAINEE_H
#include "frontend/builder/Instantiate.h"
#include "frontend/builder/Training.h"

namespace kiln::builder {

struct Trainee {
  struct Input {
    std::string name;
    mlir::RankedTensorType type; ///< with the batch
  };
  std::vector<Input> inputs;
  std::vector<Parameter> parameters, statistics;
  WeightedModule inference;
  int64_t batch = 0;
  /// Writes the model; parameters come from the scope.
  std::function<mlir::Value(Scope &, const Inputs &)> write;
};

Trainee traineeOf(const Model &model, int64_t batch, uint64_t seed, mlir::MLIRContext &context);
Trainee traineeOf(WeightedModule inference);
TrainingGraphs writeTraining(Trainee trainee, const TrainingOptions &options);

} // namespace kiln::builder

#endif
