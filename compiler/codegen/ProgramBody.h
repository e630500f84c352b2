//===- ProgramBody.h - the launches of a plan as straight-line code ----------------------------------------------------===//
//
// In: a planned function. Out: `kiln_status kiln_program_body(const kiln_frame *)` in a module of MLIR's LLVM dialect:
//
//   buffers[i].host = the operand's or result's address      (one array of halide_buffer_t serves all launches; a kernel reads `host` only)
//   if (k_0123(frame->context, &buffers[0], &buffers[1], ...)) return KILN_OUT_OF_MEMORY
//
// with the checks of indices before a launch that needs them, the zeroing of halos before the launch that writes between them, and
// copies at the end of outputs that no launch wrote in place.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_PROGRAMBODY_H
#define KILN_CODEGEN_PROGRAMBODY_H
#include "compiler/codegen/Program.h"
#include "compiler/dialect/Kiln.h"
#include <memory>

namespace kiln::codegen {

/// Where a value's storage begins.
struct Place {
  enum Base { Arena, Weights, Input, Output } base;
  int64_t index; ///< of the input or output
  int64_t offset; ///< bytes
  bool operator==(const Place &o) const { return base == o.base && index == o.index && offset == o.offset; }
};

/// Where a value of a planned @main stands.
llvm::Expected<Place> placeOf(mlir::func::FuncOp planned, mlir::Value value);

/// One run of a planned function, @main or that of a loop: where its arguments, results and arena are, in @main's terms.
struct Frame {
  mlir::func::FuncOp function;
  llvm::SmallVector<Place> inputs, outputs;
  int64_t arena = 0;
  Place resolve(const Place &place) const;
  llvm::Expected<Place> placeOf(mlir::Value value) const;
};

/// What a step on the host does for one launch of a device's program.
struct HostWork {
  LaunchOp launch;
  bool checksOnly; ///< the launch itself runs on the device
  std::shared_ptr<const Frame> frame;
};
/// A function `name`, of a program body's type, that does these in their order.
llvm::Error defineHostStep(mlir::ModuleOp module, mlir::func::FuncOp planned, llvm::StringRef name, llvm::ArrayRef<HostWork> work);

/// Parameters of an @init function in the order of first use: its inputs.
std::vector<std::string> parametersUsed(mlir::func::FuncOp function);
/// Defines the body in `module`; an error says what of the plan cannot be compiled.
/// With `clock`, time stamps go to the output after the function's own.
llvm::Error defineBody(mlir::ModuleOp module, mlir::func::FuncOp planned, bool isInit, bool clock);

} // namespace kiln::codegen
#endif
