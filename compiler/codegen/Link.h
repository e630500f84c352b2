//===- Link.h - objects become artefacts -------------------------------------------------------------------------------===//
//
// In: the program's object, the kernels', the blob of weights. Out: an executable, a shared library, a static library, an object, a
// header, a weights file: those asked for, written to the given paths. The runtime comes from inside the compiler.
//
//   program + kernels + runtime --ld -r--> one object --localise--> core: only <prefix>_* visible, <prefix>_weights undefined
//   object = core + weights (ld -r)    library = archive of both    shared = core + weights    executable = all, with the generic main
//
// The weights join last, so that only the linker, which maps its files, handles their bytes.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_LINK_H
#define KILN_CODEGEN_LINK_H
#include "compiler/codegen/Staging.h"
#include "compiler/codegen/Target.h"

namespace kiln::codegen {

/// Where each output goes; empty: not wanted.
struct Outputs {
  std::string executable, shared, library, object;
  bool needsDriver() const { return !executable.empty() || !shared.empty(); }
};

struct LinkInput {
  std::string prefix;
  llvm::StringRef program;
  std::vector<llvm::StringRef> kernels;
  std::string weights; ///< path of the blob to embed; empty: none
  bool staticExecutable = false;
  std::string soname = {}; ///< of the shared library
  bool hasDevice = false; ///< two entry points more
};

/// What cannot be linked on this machine, told before any work is done.
llvm::Error checkOutputs(const Target &target, const Outputs &outputs);
/// A library that this process can load, without any program of the machine but a linker: all it lacks is loaded already.
llvm::Error linkPlugin(const Target &target, const LinkInput &input, const std::string &output, const ScratchFolder &scratch);
/// An executable that trains: the runtime's trainer with a step (prefix kiln_step) and an evaluation (prefix kiln_evaluate), both static
/// libraries made by `link`, and the checkpoint that it begins with.
struct TrainerInput {
  std::string step, evaluate; ///< paths
  llvm::StringRef checkpoint; ///< the bytes of the safetensors file
};
llvm::Error linkTrainer(const Target &target, const TrainerInput &input, const std::string &output, const ScratchFolder &scratch);
llvm::Error link(const Target &target, const LinkInput &input, const Outputs &outputs, const ScratchFolder &scratch);

} // namespace kiln::codegen
#endif
