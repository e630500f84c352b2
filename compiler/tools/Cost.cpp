#include "compiler/tools/Cost.h"

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
      total += kiln::bytesOf(type);
  return total;
}
} // namespace kiln::tools
