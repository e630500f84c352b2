//===- Marks.h - what an inference graph says of its training ---------------------------------------------------===//
//
// A dropout is nothing in an inference, and a batch norm takes the statistics that it kept. So that a graph can be trained whoever wrote it (the ONNX
// importer, a checkpoint), a reshape of x to its own shape, which folds away, tells what training does there:
//   %y = kiln.reshape %x {shape = ..., kiln.training = {layer = "dropout", rate = 0.5 : f64}}
//   %y = kiln.reshape %x {shape = ..., kiln.training = {layer = "batch_norm", mean = "m", variance = "v", momentum = 0.1 : f64}}
//   ... {layer = "random_flip"}   ... {layer = "random_shift", most = 2 : i64}   ... {layer = "random_crop", height = 24 : i64, width = 24 : i64}
// Of a batch norm, m and v are kiln.parameters marked `kiln.statistic`; uses of them behind the mark get the batch's own in training, and the
// kept ones follow: m += momentum * (batch - m). Behind a crop stand the slices that take the middle: in training what was cropped is put there.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_MARKS_H
#define KILN_FRONTEND_BUILDER_MARKS_H
#include "frontend/builder/Scope.h"

namespace kiln::builder {

mlir::Value markDropout(GraphBuilder &b, mlir::Value x, double rate);
mlir::Value markBatchNorm(GraphBuilder &b, mlir::Value x, const std::string &mean, const std::string &variance, double momentum);
mlir::Value markFlip(GraphBuilder &b, mlir::Value x);
mlir::Value markShift(GraphBuilder &b, mlir::Value x, int64_t most);
mlir::Value markCrop(GraphBuilder &b, mlir::Value x, int64_t height, int64_t width);

/// The batch's mean and variance for each channel. Rows that fill up the batch have weight 0 and do not count.
struct BatchStatistics {
  mlir::Value mean, variance, unbiased;
};
BatchStatistics batchStatistics(Scope &s, mlir::Value x);
/// 0 with that probability, else x / (1 - rate).
mlir::Value dropped(Scope &s, mlir::Value x, double rate);

/// Writes ops of a graph for training: what is marked as its marks say. Uses of parameters are the caller's to map.
class MarkedCopy {
public:
  MarkedCopy(Scope &scope, mlir::IRMapping &map) : scope(scope), map(map) {}
  void use(UseOp use) { uses[use.getParameter().str()].push_back(use); } ///< of a statistic; it is mapped to the kept one
  void write(mlir::Operation *op);

private:
  void writeBatchNorm(mlir::Operation *op, mlir::DictionaryAttr mark);
  mlir::Value keptOf(llvm::StringRef name) const;

  Scope &scope;
  mlir::IRMapping &map;
  std::map<std::string, std::vector<UseOp>> uses;
};

} // namespace kiln::builder

#endif
