//===- Constant.h - what depends on parameters alone runs in the compiler ----------------------------------------------===//
//
// In: a planned module and where its parameters' bytes stand. Out: the blob of weights, each parameter that @main uses at its offset
// (kiln.weight_offsets). Results of @init are the parameters @packed0, @packed1, ...: its kernels are compiled for this machine, linked
// with the runtime, and run in a process of their own, which writes straight into the blob. Without @init, bytes are only copied.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_CONSTANT_H
#define KILN_CODEGEN_CONSTANT_H
#include "compiler/codegen/Weights.h"
#include "compiler/codegen/Workers.h"

namespace kiln::codegen {

/// The dense bytes of a parameter; they stay where they are while the blob is made.
using ParameterBytes = std::function<llvm::Expected<llvm::StringRef>(llvm::StringRef name)>;

/// Writes the file `blob`. `target` is the artefact's, whose schedules the kernels carry; @init runs on this machine whatever it is.
llvm::Error packWeights(mlir::ModuleOp planned, const Target &target, const ParameterBytes &bytes, const WorkOptions &options,
                        const std::string &blob);

/// What the blob holds, for a weights file: the parameters that @main uses, each where kiln.weight_offsets says.
std::vector<PackedTensor> packedTensors(mlir::ModuleOp planned);

} // namespace kiln::codegen
#endif
