//===- Merge.cpp - equal kernels become one -------------------------------------------------------------------------===//
//
// In: one kernel per launch. Out: kernels named k_<first 16 digits of SHA-256 of their text without name and locations>, one per text.
// The name is a function of the content alone, so two compiles, and two models, agree on it.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;

namespace kiln {
namespace {
struct MergePass : PassWrapper<MergePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MergePass)
  StringRef getArgument() const override { return "kiln-merge"; }
  StringRef getDescription() const override { return "name kernels by content and keep one of each"; }

  void runOnOperation() override {
    llvm::StringMap<std::string> renamed;
    SymbolTable symbols(getOperation());
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<KernelOp>())) {
      std::string old = kernel.getSymName().str(), text;
      kernel.setSymName("k");
      llvm::raw_string_ostream stream(text);
      kernel->print(stream, OpPrintingFlags().useLocalScope());
      auto digest = llvm::SHA256::hash(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
      std::string name = "k_" + llvm::toHex(llvm::ArrayRef<uint8_t>(digest).take_front(8), true);
      renamed[old] = name;
      if (Operation *same = SymbolTable::lookupSymbolIn(getOperation(), name); same && same != kernel)
        kernel->erase();
      else
        kernel.setSymName(name);
    }
    getOperation().walk([&](LaunchOp launch) { launch.setKernel(renamed.lookup(launch.getKernel())); });
  }
};
} // namespace

std::unique_ptr<Pass> createMergePass() { return std::make_unique<MergePass>(); }
} // namespace kiln
