//===- DevicePlan.h - what a device does in its order -----------------------------------------------------------------===//
//
// In: a planned function, some of whose kernels run on a device, the rest on the host. Out: steps in the terms of runtime/cuda/device.h, with
// the copies between the two sides that the steps need and no more: what is valid where is followed byte by byte.
//
// A check of indices that the caller gives comes first of all, for it needs nothing of the device; others come where their indices stand.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_DEVICEPLAN_H
#define KILN_CODEGEN_DEVICEPLAN_H
#include "compiler/codegen/DeviceKernels.h"
#include "compiler/codegen/ProgramBody.h"

namespace kiln::codegen {
struct DeviceStep {
  enum Kind { Launch, ToHost, ToDevice, Zero, Copy, Host } kind;
  size_t kernel = 0; ///< Launch: of the kernels given
  std::vector<Place> operands = {}; ///< Launch: of the launch's operands, then results
  Place place = {}, source = {};
  int64_t bytes = 0;
  std::vector<HostWork> work = {}; ///< Host
  std::string name = {};
};

struct DevicePlan {
  std::vector<DeviceStep> steps;
  std::vector<uint8_t> inputSides, outputSides; ///< KILN_SIDE_*
  int64_t weightsBegin = 0, weightsEnd = 0; ///< of the weights, what steps use on the device
  int64_t hostArena = 0; ///< bytes of the arena that the host's side needs
};

llvm::Expected<DevicePlan> planDevice(mlir::func::FuncOp planned, llvm::ArrayRef<DeviceKernel> kernels);
} // namespace kiln::codegen
#endif
