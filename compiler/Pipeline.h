//===- Pipeline.h - a graph becomes artefacts --------------------------------------------------------------------------===//
//
// In: a module with @main and the bytes of its parameters. Out: the files asked for, all of them or none. For a target that is a processor
// and a card, the graph is compiled twice, and the artefact holds both programs.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_PIPELINE_H
#define KILN_PIPELINE_H
#include "compiler/codegen/Constant.h"
#include "compiler/codegen/Link.h"
#include "compiler/codegen/Program.h"

namespace kiln {

struct CompileOptions {
  codegen::Target target;
  std::string model; ///< name shown to people
  std::string modelHash; ///< SHA-256 of the source, for provenance
  std::string prefix; ///< of the C symbols
  codegen::Outputs outputs;
  std::string header; ///< path, empty: none
  std::string weightsFile; ///< path of a safetensors file; empty: weights are embedded
  bool staticExecutable = false;
  codegen::WorkOptions work;
  std::vector<std::string> dump; ///< stages to print: graph, fused, layout, hoisted, scheduled, planned, llvm, asm, ptx
  std::function<void(llvm::StringRef)> print; ///< takes each dump as it is made
  std::string optionsText; ///< for provenance
  bool clock = false; ///< an output more: time stamps around each launch (codegen/Program.h)
};

struct CompiledFacts {
  codegen::Signature signature;
  int64_t arena = 0, scratch = 0, weights = 0; ///< bytes; on the host
  size_t kernels = 0;
  struct Step {
    std::string name;
    double seconds;
  };
  std::vector<Step> steps;
  std::string provenance;
};

llvm::Expected<CompiledFacts> compile(mlir::ModuleOp module, const codegen::ParameterBytes &bytes, const CompileOptions &options);

extern const char *const version;
} // namespace kiln
#endif
