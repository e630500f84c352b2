//===- Instantiate.h - a description becomes an inference graph ------------------------------------------------===//
//
// In: a model, a batch size, the seed of its initialisers. Out: a module as every front end gives it (kiln.parameters, @main with named inputs
// and one result), the parameters' first values, and a list of them in the order in which the layers asked. What is wrong with the
// model is a BuildError that names the layer.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_INSTANTIATE_H
#define KILN_FRONTEND_BUILDER_INSTANTIATE_H
#include "frontend/WeightedModule.h"
#include "frontend/builder/Scope.h"

namespace kiln::builder {

struct Instance {
  WeightedModule inference;
  std::vector<Parameter> parameters, statistics; ///< statistics are kiln.parameters of the inference graph too
};

Instance instantiate(const Model &model, int64_t batch, uint64_t seed, mlir::MLIRContext &context);

mlir::Type typeOf(Element element, mlir::MLIRContext &context);

} // namespace kiln::builder

#endif
