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

/// Has a job done for each kernel, or its answer from the cache, and hands the texts to `accept`, which says whether they are whole; or the
/// errors of all that failed, each with the kernel's name.
llvm::Error compileEach(llvm::ArrayRef<KernelOp> kernels, llvm::StringRef task, const std::function<Texts(KernelOp)> &request,
                        const WorkOptions &options,
                        const std::function<bool(size_t kernel, const Texts &texts, const Answer *answer)> &accept);
/// The kernels that the function launches, in the module's order: those that run on the host, or those that run on a device.
std::vector<KernelOp> kernelsOf(mlir::ModuleOp module, llvm::StringRef function, bool onDevice);
/// As a job's argument.
std::string printed(KernelOp kernel);
/// What `printed` wrote, in a context of the worker's own.
struct ParsedKernel {
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelOp kernel() { return *module->getOps<KernelOp>().begin(); }
};
ParsedKernel parsedKernel(const std::string &text);

/// Every kernel that the function launches on the host, in the module's order; or the errors of all that failed, each with the kernel's name.
llvm::Expected<std::vector<CompiledKernel>> compileKernels(mlir::ModuleOp module, llvm::StringRef function, const Target &target,
                                                           const WorkOptions &options);

} // namespace kiln::codegen
#endif
