//===- DeviceKernels.h - kernels become code for cards ----------------------------------------------------------------===//
//
// In: the kernels of a module that carry a schedule for a device. Out: of each its PTX, its launch, and its code for each of the target's
// cards where there is a ptxas. Made by workers and kept in the cache, as objects for the host are.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_DEVICEKERNELS_H
#define KILN_CODEGEN_DEVICEKERNELS_H
#include "compiler/codegen/Assembler.h"
#include "compiler/codegen/Workers.h"

namespace kiln::codegen {
struct DeviceKernel {
  std::string name;
  lower::DeviceCode code;
  std::vector<Assembled> images; ///< one for each capability of the target; without ptxas none
};

/// Those that @main launches, in the module's order.
llvm::Expected<std::vector<DeviceKernel>> compileDeviceKernels(mlir::ModuleOp module, const Target &target,
                                                               const WorkOptions &options);
/// In a worker.
Texts compileDeviceText(const Texts &arguments);
} // namespace kiln::codegen
#endif
