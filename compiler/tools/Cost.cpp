#include "compiler/tools/Cost.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

namespace kiln::tools {
namespace {
int64_t elements(mlir::Type type) {
  auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
  return tensor ? tensor.getNumElements() : 0;
}

/// Each element of the result is a sum over the letters it lacks, and over its windows.
int64_t termsOfProduct(ProductOpInterface op) {
  ProductLabels labels = op.product();
  std::map<char, int64_t> summed;
  auto visit = [&](const std::string &letters, mlir::Value operand, bool isWindow) {
    Shape shape = shapeOf(operand.getType());
    for (size_t i = 0; i < letters.size(); ++i) {
      bool spatial = labels.spatial.find(letters[i]) != std::string::npos;
      if (spatial ? isWindow : labels.result.find(letters[i]) == std::string::npos)
        summed[letters[i]] = shape[i];
    }
  };
  visit(labels.lhs, op->getOperand(0), false);
  visit(labels.rhs, op->getOperand(1), true);
  int64_t terms = 1;
  for (auto &[letter, extent] : summed)
    terms *= extent;
  return terms;
}
} // namespace

int64_t operationsOf(mlir::Operation *op) {
  auto algorithm = mlir::dyn_cast<AlgorithmOpInterface>(op);
  if (!algorithm || op->getNumResults() != 1)
    return 0;
  int64_t result = elements(op->getResult(0).getType());
  switch (algorithm.role()) {
  case Role::Map:
    return result;
  case Role::Reduce:
    return elements(op->getOperand(0).getType());
  case Role::Product:
    return 2 * result * termsOfProduct(mlir::cast<ProductOpInterface>(op));
  case Role::Pool: {
    int64_t window = 1;
    for (int64_t extent : mlir::cast<PoolOp>(op).getWindow())
      window *= extent;
    return result * window;
  }
  default:
    return 0;
  }
}

int64_t operationsOf(KernelOp kernel) {
  int64_t total = 0;
  kernel.getBody().walk([&](mlir::Operation *op) { total += operationsOf(op); });
  return total;
}

int64_t bytesOf(KernelOp kernel) {
  int64_t total = 0;
  for (llvm::ArrayRef<mlir::Type> types : {kernel.getArgumentTypes(), kernel.getResultTypes()})
    for (mlir::Type type : types)
      total += layoutOf(type).elements(shapeOf(type)) * byteSize(mlir::cast<mlir::RankedTensorType>(type).getElementType());
  return total;
}

std::string nodeNames(mlir::Location location) {
  llvm::SetVector<llvm::StringRef> names;
  location->walk([&](mlir::Location inner) {
    if (auto named = mlir::dyn_cast<mlir::NameLoc>(inner))
      names.insert(named.getName().getValue());
    return mlir::WalkResult::advance();
  });
  return llvm::join(names, " ");
}
} // namespace kiln::tools
