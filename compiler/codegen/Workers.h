//===- Workers.h - kernels become objects ------------------------------------------------------------------------------===//
//
// In: the kernels of a module, scheduled. Out: one object each. A kernel travels to its worker as text, and its object depends on that
// text and the target alone: not on the order of jobs, nor on how many run at once.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_WORKERS_H
#define KILN_CODEGEN_WORKERS_H
#include "compiler/codegen/Target.h"
#include "compiler/codegen/Zygote.h"
#include "compiler/dialect/Kiln.h"
#include "compiler/lower/Kernel.h"
#include "mlir/IR/BuiltinOps.h"

namespace kiln::codegen {
class Cache;

/// What startZygote must be given, in every program that compiles kernels.
std::map<std::string, Task> kernelTasks();

struct WorkOptions {
  unsigned parallel = 1;
  bool asserts = false; ///< the checking build
  bool assembly = false; ///< KernelObject::assembly is wanted
  Cache *cache = nullptr;
  Limits limits = {};
  std::function<void(size_t done, size_t all, llvm::StringRef kernel)> progress = {};
};

struct CompiledKernel {
  std::string name;
  lower::KernelObject made;
  double seconds = 0; ///< 0 when it came from the cache
  int64_t peakBytes = 0;
};

/// Every kernel that the function launches, in the module's order; or the errors of all that failed, each with the kernel's name.
llvm::Expected<std::vector<CompiledKernel>> compileKernels(mlir::ModuleOp module, llvm::StringRef function, const Target &target,
                                                           const WorkOptions &options);

} // namespace kiln::codegen
#endif
