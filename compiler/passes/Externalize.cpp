//===- Externalize.cpp - constants too large for code become parameters -------------------------------------------------===//
//
// In: a graph. Out: the same, where every constant of more than 16 different elements is a kiln.parameter, and every constant that no
// kernel computes with (it is returned or viewed); their bytes go to the given store.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {
constexpr int64_t largestInCode = 16;

std::string bytesOf(DenseElementsAttr value) {
  std::string bytes;
  if (!value.getElementType().isInteger(1)) {
    for (int64_t i = 0; i < (value.isSplat() ? value.getNumElements() : 1); ++i)
      bytes.append(value.getRawData().data(), value.getRawData().size());
    return bytes;
  }
  for (bool b : value.getValues<bool>())
    bytes.push_back(b);
  return bytes;
}

struct ExternalizePass : PassWrapper<ExternalizePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExternalizePass)
  explicit ExternalizePass(std::map<std::string, std::string> *store) : store(store) {}
  ExternalizePass(const ExternalizePass &o) : PassWrapper(o), store(o.store) {}
  StringRef getArgument() const override { return "kiln-externalize"; }
  StringRef getDescription() const override { return "turn large constants into parameters"; }

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    int count = 0;
    getOperation().walk([&](ConstantOp constant) {
      auto value = dyn_cast<DenseElementsAttr>(constant.getValue());
      bool stays = llvm::all_of(constant->getUsers(), [](Operation *user) {
        auto algorithm = dyn_cast<AlgorithmOpInterface>(user);
        return algorithm && algorithm.role() != Role::View;
      });
      if (!value || (stays && (value.isSplat() || value.getNumElements() <= largestInCode)))
        return;
      std::string name = "constant" + std::to_string(count++);
      builder.setInsertionPointToStart(getOperation().getBody());
      builder.create<ParameterOp>(constant.getLoc(), name, constant.getType(), StringAttr());
      builder.setInsertionPoint(constant);
      constant.replaceAllUsesWith(builder.create<UseOp>(constant.getLoc(), constant.getType(), name).getResult());
      constant.erase();
      if (store)
        (*store)[name] = bytesOf(value);
    });
  }
  std::map<std::string, std::string> *store;
};
} // namespace

std::unique_ptr<Pass> createExternalizePass(std::map<std::string, std::string> *store) {
  return std::make_unique<ExternalizePass>(store);
}
} // namespace kiln
