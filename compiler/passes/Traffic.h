//===- Traffic.h - whether to read a value from memory, or its operands again -------------------------------------------===//
//
// In: a map that several kernels want. Out: whether all of them compute it. Batch norm, ReLU and their gradients are such maps: each is made
// of one large value that stands in memory anyway, and one more pass over memory costs more than the few operations.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_PASSES_TRAFFIC_H
#define KILN_PASSES_TRAFFIC_H
#include "compiler/dialect/Kiln.h"
#include "llvm/ADT/DenseSet.h"
#include <functional>

namespace kiln {
class Traffic {
public:
  /// Whether a kernel reads a value already.
  using Reads = std::function<bool(mlir::Value)>;

  /// `inMemory`: ops that no kernel runs for, as views; it may grow.
  explicit Traffic(const llvm::DenseSet<mlir::Operation *> &inMemory) : inMemory(inMemory) {}

  /// A user that no kernel computes: what it reads is in memory.
  bool isOutside(mlir::Operation *user) const { return !mlir::isa<AlgorithmOpInterface>(user) || inMemory.contains(user); }
  /// True of a cheap map whose large operands, followed through further cheap maps, stand in memory whatever becomes of it, when the
  /// kernels that want it read no more by computing it again than they would by one of them writing it and all reading it.
  bool isReadAgain(AlgorithmOpInterface op, llvm::ArrayRef<Reads> kernels) const;
  static bool windowsOverlap(mlir::Operation *op);

private:
  /// Bytes of what stands in memory anyway that computing `op` reads and the kernel does not yet; none when something does not stand there.
  std::optional<int64_t> bytesRead(mlir::Operation *op, const Reads &kernel) const;
  bool standsInMemory(mlir::Value v) const;

  const llvm::DenseSet<mlir::Operation *> &inMemory;
};
} // namespace kiln
#endif
