//===- LaunchOrder.h - every launch that a planned function makes ----------------------------------------------------------===//
//
// In: a planned function, with loops (kiln.repeat). Out: its launches in their order, each step of a loop with its own, and where in
// the function's own terms everything is that they read and write. A card's program is such a list: what ProgramLoop.cpp computes while a program
// runs (slices of stacks, the two places of a state) is worked out here.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_LAUNCHORDER_H
#define KILN_CODEGEN_LAUNCHORDER_H
#include "compiler/codegen/ProgramBody.h"

namespace kiln::codegen {
/// A launch, or what ends a step of a loop: a value that no launch of the step wrote where it belongs is copied there.
struct Launched {
  LaunchOp launch; ///< null: a copy
  std::shared_ptr<const Frame> frame;
  Place to = {}, from = {};
  int64_t bytes = 0;
};
llvm::Expected<std::vector<Launched>> launchOrder(mlir::func::FuncOp planned);
} // namespace kiln::codegen
#endif
