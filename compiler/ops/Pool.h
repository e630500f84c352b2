//===- Pool.h - what the ops over windows share ---------------------------------------------------------------------===//
//
// One window, stride, low and high padding, and dilation per dimension of the pooled tensor.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_OPS_POOL_H
#define KILN_OPS_POOL_H
#include "compiler/dialect/Kiln.h"

namespace kiln {
struct PoolWindows {
  llvm::ArrayRef<int64_t> window, strides, low, high, dilation;
};
template <typename Op> PoolWindows windowsOf(Op &op) {
  return {op.getWindow(), op.getStrides(), op.getLow(), op.getHigh(), op.getDilation()};
}
/// The shape of the results of windows over a tensor of shape `extents`.
mlir::LogicalResult inferPool(std::optional<mlir::Location> location, llvm::ArrayRef<int64_t> extents, const PoolWindows &windows,
                              llvm::SmallVectorImpl<int64_t> &shape);
} // namespace kiln
#endif
