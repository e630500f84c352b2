//===- Provenance.h - who made an artefact from what ---------------------------------------------------------------------===//
//
// In: what was compiled, and how. Out: one line of JSON, which `kiln inspect` reads back from the artefact. Nothing in it depends on the
// machine, the folder or the time.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_PROVENANCE_H
#define KILN_PROVENANCE_H
#include "compiler/Pipeline.h"
#include "compiler/codegen/DeviceKernels.h"
#include "compiler/codegen/Weights.h"

namespace kiln {
/// One program of an artefact: for the processor alone, or for cards. An artefact has one, or one of each.
struct Half {
  codegen::Target target;
  mlir::OwningOpRef<mlir::ModuleOp> copy; ///< of the graph, where the other half has the graph itself
  mlir::ModuleOp planned;
  std::map<std::string, std::string> constants; ///< parameters made of large constants: their bytes
  std::vector<codegen::CompiledKernel> kernels; ///< that run on the processor
  std::vector<codegen::DeviceKernel> onDevice;
  std::string blob; ///< path of the packed weights
};

std::string provenanceOf(llvm::ArrayRef<Half> halves, const CompileOptions &options, const codegen::BlobFacts &blob);
} // namespace kiln
#endif
