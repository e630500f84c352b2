#include "compiler/tools/Gradients.h"
#include "compiler/dialect/Kiln.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace kiln::tools {
namespace {
bool isFloat(Type type) { return isa<FloatType>(cast<ShapedType>(type).getElementType()); }

/// Every float value that has a name: inputs, and parameters as one value however often they are used.
llvm::MapVector<StringRef, Value> named(func::FuncOp main) {
  llvm::MapVector<StringRef, Value> values;
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    if (auto name = main.getArgAttrOfType<StringAttr>(i, "kiln.name"); name && isFloat(main.getArgument(i).getType()))
      values[name.getValue()] = main.getArgument(i);
  SmallVector<UseOp> uses;
  main.walk([&](UseOp use) { uses.push_back(use); });
  for (UseOp use : uses)
    if (isFloat(use.getType())) {
      auto [it, fresh] = values.insert({use.getParameter(), use.getResult()});
      if (fresh) {
        use->moveBefore(&main.getBody().front(), main.getBody().front().begin());
      } else if (it->second.getDefiningOp<UseOp>()) {
        use.replaceAllUsesWith(it->second);
        use.erase();
      }
    }
  return values;
}
} // namespace

llvm::Error addGradients(ModuleOp module, const std::vector<std::string> &names) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto values = named(main);
  auto returned = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  if (!returned.getNumOperands() || !isFloat(returned.getOperand(0).getType()))
    return llvm::createStringError("--grad: expected a model whose first output is of floats");
  SmallVector<Value> by;
  for (const std::string &name : names) {
    auto found = values.find(name);
    if (found == values.end()) {
      std::vector<std::string> all;
      for (auto &[known, value] : values)
        all.push_back(known.str());
      return llvm::createStringError("--grad %s: expected a float input or parameter of the model: %s", name.c_str(),
                                     llvm::join(all, ", ").c_str());
    }
    by.push_back(found->second);
  }
  OpBuilder builder(returned);
  auto gradient = builder.create<GradientOp>(returned.getLoc(), returned.getOperand(0), by);
  SmallVector<Value> results(returned.getOperands());
  SmallVector<Type> types(main.getFunctionType().getResults());
  llvm::append_range(results, gradient.getResults());
  llvm::append_range(types, gradient.getResultTypes());
  returned->setOperands(results);
  unsigned first = main.getNumResults();
  main.setType(builder.getFunctionType(main.getFunctionType().getInputs(), types));
  for (auto [i, name] : llvm::enumerate(names))
    main.setResultAttr(first + static_cast<unsigned>(i), "kiln.name", builder.getStringAttr("grad." + name));
  return llvm::Error::success();
}
} // namespace kiln::tools
