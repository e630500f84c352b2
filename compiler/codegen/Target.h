//===- Target.h - the processors that kiln compiles for --------------------------------------------------------------===//
//
// In: names from the command line. Out: what each code generator must know. A target is a class of machines, never one machine: 'host' is
// the best class that this machine belongs to, so artefacts made on machines of one class are the same.
//
// Names with commas between them are one target: of one processor, that may have cards, and of each card that may be there. An artefact for
// 'host,host-cuda-sm_90' has two programs, and chooses when a context is made.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_TARGET_H
#define KILN_CODEGEN_TARGET_H
#include "compiler/schedule/Space.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace kiln::codegen {

struct Target {
  std::string name; ///< x86-64-v3
  std::string halide; ///< kernels: Halide's target, without the runtime features
  std::string triple, cpu; ///< the program: LLVM's
  schedule::Machine machine;
  uint64_t instructions = 0; ///< KILN_CPU_* bits that kernels may use
  /// Compute capabilities of the cards that launches run on (80: sm_80), least first; none: they run on the processor. The processor
  /// then drives the card, and runs what has no schedule for it. lower::openCL alone (PROCESSOR-opencl, which no list names: it is a check and
  /// no product): the same kernels as OpenCL C in the place of PTX, which the tests' driver runs on a processor.
  std::vector<int> capabilities = {};
  bool onProcessor = true; ///< there is a program for the processor alone, too
  bool isDevice() const { return !capabilities.empty(); }
  bool isBoth() const { return isDevice() && onProcessor; }
  Target processorHalf() const; ///< of a target that is both: what its program for the processor alone is made for
  Target cardHalf() const;
  bool isForeign() const; ///< artefacts for it cannot be linked with this machine's C library, nor run here
};

/// The target of that name, 'host' included, or PROCESSOR-cuda-sm_NN, or of several such names; or an error that lists the known ones.
llvm::Expected<Target> findTarget(llvm::StringRef names);
/// Every name that findTarget knows, 'host' first.
std::vector<std::string> targetNames();

} // namespace kiln::codegen
#endif
