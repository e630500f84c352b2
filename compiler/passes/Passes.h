//===- Passes.h - graph to graph, one pass one file -----------------------------------------------------------------===//
//
// In the order of the pipeline. Passes see ops only through their interfaces.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_PASSES_PASSES_H
#define KILN_PASSES_PASSES_H
#include "compiler/schedule/Space.h"
#include "mlir/Pass/Pass.h"
#include <map>
#include <memory>
#include <string>

namespace kiln {
/// Expands kiln.gradient in reverse mode, and drops kiln.detach.
std::unique_ptr<mlir::Pass> createAutodiffPass();
/// Loops become their steps, one after another.
std::unique_ptr<mlir::Pass> createUnrollPass();
/// Loops become kiln.repeat of functions.
std::unique_ptr<mlir::Pass> createOutlinePass();
/// Canonicalisation and common subexpressions, to a fixed point.
void addSimplify(mlir::OpPassManager &manager);
/// Constants too large for code become parameters; their bytes go to `store` (may be null: for kiln-opt).
std::unique_ptr<mlir::Pass> createExternalizePass(std::map<std::string, std::string> *store = nullptr);
/// Long sums of few results are taken in parts, for a device.
std::unique_ptr<mlir::Pass> createPartsPass();
/// Products read parameters transposed, in the order that suits a device.
std::unique_ptr<mlir::Pass> createPackPass();
/// Groups ops and outlines each group as an isolated kiln.kernel behind a kiln.launch.
std::unique_ptr<mlir::Pass> createFusePass();
/// Chooses how every value between launches is stored; repacks parameters to suit.
std::unique_ptr<mlir::Pass> createLayoutPass(int64_t lanes = 16);
/// Moves what is the same in each step of a loop before it.
std::unique_ptr<mlir::Pass> createLiftPass();
/// Moves what depends on parameters alone to a function @init, whose results become parameters.
std::unique_ptr<mlir::Pass> createHoistPass();
/// Kernels that write a part of a tied result over what they read carry kiln.once; where that is no good, a copy of the part follows.
std::unique_ptr<mlir::Pass> createOverwritePass(schedule::Machine machine = {16, 31}, bool device = false);
/// Equal kernels become one, named k_<hash of its text>.
std::unique_ptr<mlir::Pass> createMergePass();
/// Gives every kernel the default schedule of its nest on `machine`, unless it carries one; those that @main launches a schedule for a
/// device, with `device`.
std::unique_ptr<mlir::Pass> createSchedulePass(schedule::Machine machine = {16, 31}, bool device = false);
/// Orders launches so that results tied to inputs can overwrite them.
std::unique_ptr<mlir::Pass> createOrderPass();
/// Places every value of @main in one arena and every parameter in one blob.
std::unique_ptr<mlir::Pass> createPlanPass();

void registerPasses(); ///< for kiln-opt
} // namespace kiln
#endif
