//===- Checkpoint.h - a model and its parameters as one safetensors file ------------------------------------------===//
//
// [u64 length of the header | header, JSON | the tensors' bytes]. Every parameter and statistic stands under its own name. `__metadata__` holds
// `kiln.graph`, the inference graph as text; `kiln.parameters` and `kiln.statistics`, JSON arrays of names in the order of the training's
// regions; `kiln.recipe`, JSON. A trainer begins with such a file inside of it, and writes others like it.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_CHECKPOINT_H
#define KILN_FRONTEND_BUILDER_CHECKPOINT_H
#include "frontend/builder/Training.h"

namespace kiln::builder {

/// What a trainer begins with.
std::string checkpointOf(const TrainingGraphs &graphs, const std::string &recipe);

/// The graph and the weights of a checkpoint. Errors name the file, what was found and what was expected. The graph is verified as text is; what
/// else it may hold is for the caller to check.
/// A graph as a checkpoint keeps it: with the names of its layers.
std::string graphText(mlir::ModuleOp module);

/// Its graph as it is, or for `batch` rows.
llvm::Expected<WeightedModule> readCheckpoint(const std::string &path, mlir::MLIRContext &context, int64_t batch = 0);
/// The texts of TrainingGraphs::scaled; empty ones of a checkpoint that has none.
llvm::Expected<std::array<std::string, 2>> readScaled(const std::string &path);
/// A text of its metadata, such as "kiln.recipe".
llvm::Expected<std::string> readCheckpointText(const std::string &path, const std::string &key);

} // namespace kiln::builder

#endif
