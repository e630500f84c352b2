#include "compiler/passes/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace kiln {
void addSimplify(mlir::OpPassManager &manager) {
  manager.addPass(mlir::createCanonicalizerPass());
  manager.addPass(mlir::createCSEPass());
  manager.addPass(mlir::createCanonicalizerPass());
}

void registerPasses() {
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerPass([] { return createAutodiffPass(); });
  mlir::registerPass([] { return createUnrollPass(); });
  mlir::registerPass([] { return createOutlinePass(); });
  mlir::registerPass([] { return createLiftPass(); });
  mlir::registerPass([] { return createExternalizePass(); });
  mlir::registerPass([] { return createPartsPass(); });
  mlir::registerPass([] { return createPackPass(); });
  mlir::registerPass([] { return createFusePass(); });
  mlir::registerPass([] { return createLayoutPass(); });
  mlir::registerPass([] { return createHoistPass(); });
  mlir::registerPass([] { return createOverwritePass(); });
  mlir::registerPass([] { return createMergePass(); });
  mlir::registerPass([] { return createSchedulePass(); });
  mlir::registerPass([] { return createOrderPass(); });
  mlir::registerPass([] { return createPlanPass(); });
}
} // namespace kiln
