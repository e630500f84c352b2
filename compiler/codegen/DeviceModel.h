//===- DeviceModel.h - a device's steps and kernels as constants ------------------------------------------------------===//
//
// In: a planned function and its kernels for a device. Out: the constant kiln_device_model (runtime/cuda/device.h) in a module of MLIR's
// LLVM dialect: tables, images, and the functions of the steps that the host does.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_DEVICEMODEL_H
#define KILN_CODEGEN_DEVICEMODEL_H
#include "compiler/codegen/DevicePlan.h"

namespace kiln::codegen {
inline constexpr llvm::StringLiteral deviceSymbol = "kiln_the_device";

/// `arena`: bytes on the device. Answers how many of them the host needs too.
llvm::Expected<int64_t> defineDevice(mlir::ModuleOp module, mlir::func::FuncOp planned, const std::vector<DeviceKernel> &kernels,
                                     const Target &target, uint64_t arena);
} // namespace kiln::codegen
#endif
