//===- WeightedModule.h - what every front end makes: a graph, and its parameters' bytes beside it -------------===//
#ifndef KILN_FRONTEND_WEIGHTEDMODULE_H
#define KILN_FRONTEND_WEIGHTEDMODULE_H
#include "frontend/Bytes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <map>

namespace kiln {

struct WeightedModule {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::map<std::string, Bytes> weights; ///< by the name of the kiln.parameter: dense, little-endian, one byte per i1
};

} // namespace kiln

#endif
