//===- GraphBuilder.h - writes graphs in the dialect `kiln` ----------------------------------------------------===//
//
// In: values and plain numbers. Out: values of new ops, numpy's broadcasting made explicit, constants folded at once, so that shape
// arithmetic ends in numbers. What the ops could not accept is refused here, in the words of the person who asks: a BuildError.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_GRAPHBUILDER_H
#define KILN_FRONTEND_BUILDER_GRAPHBUILDER_H
#include "compiler/dialect/Kiln.h"
#include "frontend/builder/BuildError.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace kiln {

using Sizes = llvm::ArrayRef<int64_t>;

Sizes sizesOf(mlir::Value x);
int64_t rankOf(mlir::Value x);
int64_t countOf(mlir::Value x); ///< elements
mlir::Type elementOf(mlir::Value x);
bool isFloat(mlir::Value x);
std::string typeText(mlir::Type type); ///< "f32"
std::string shapeText(mlir::Value x); ///< "f32[2, 3]"
std::string sizesText(Sizes sizes); ///< "[2, 3]"
int64_t checkElements(Sizes shape); ///< their count; a BuildError when a kernel could not index them
Shape broadcastShape(Sizes a, Sizes b); ///< numpy's rule

/// The value of a map on constants, or null (FoldMaps.cpp).
mlir::DenseElementsAttr foldMap(mlir::Operation *op);

/// Tables that are computed here and kept whole: masks, weights of a resize, sources of a scatter.
constexpr int64_t largestTable = int64_t(1) << 24;

class GraphBuilder {
public:
  GraphBuilder(mlir::OpBuilder &ops, mlir::Location location) : ops(ops), location(location) {}

  mlir::MLIRContext *context() const { return ops.getContext(); }
  void at(mlir::Location where) { location = where; }

  //===- leaves -===//
  mlir::Value constant(mlir::DenseElementsAttr value);
  mlir::Value integers(Sizes values); ///< i64[n]
  mlir::Value integer(int64_t value); ///< i64 of rank 0
  mlir::Value splat(mlir::Type element, Sizes shape, double value); ///< NaN and infinities too
  mlir::Value fill(mlir::Value x, double value) { return splat(elementOf(x), sizesOf(x), value); }
  mlir::Value iota(mlir::Type element, Sizes shape, int64_t dim);
  mlir::Value upperTriangle(int64_t rows, int64_t columns, int64_t k); ///< bool: column - row >= k; small ones are constants

  //===- maps -===//
  template <typename Op> mlir::Value map(mlir::Value x) { return emit<Op>(x); }
  template <typename Op> mlir::Value map(mlir::Value x, mlir::Value y) {
    align(x, y);
    return emit<Op>(x, y);
  }
  /// With a number in place of one operand.
  template <typename Op> mlir::Value map(mlir::Value x, double y) { return emit<Op>(x, fill(x, y)); }
  template <typename Op> mlir::Value map(double x, mlir::Value y) { return emit<Op>(fill(y, x), y); }
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  mlir::Value cast(mlir::Value x, mlir::Type to);
  mlir::Value clamp(mlir::Value x, double low, double high);
  mlir::Value divide(mlir::Value x, double by); ///< a multiplication where that is the same

  //===- moves -===//
  mlir::Value broadcast(mlir::Value x, Sizes shape); ///< numpy's rule: dimensions align at the end
  mlir::Value spread(mlir::Value x, Sizes dims, Sizes shape); ///< x's dimension i becomes dims[i]
  mlir::Value reshape(mlir::Value x, Sizes shape);
  mlir::Value same(mlir::Value x); ///< a reshape that changes nothing
  mlir::Value unsqueeze(mlir::Value x, Sizes dims); ///< dims of the result, increasing
  mlir::Value transpose(mlir::Value x, Sizes perm);
  mlir::Value slice(mlir::Value x, int64_t dim, int64_t start, int64_t size, int64_t step = 1);
  mlir::Value pad(mlir::Value x, mlir::Value value, Sizes low, Sizes high); ///< negative padding cuts
  mlir::Value concat(llvm::ArrayRef<mlir::Value> values, int64_t dim);
  mlir::Value gather(mlir::Value x, mlir::Value indices, int64_t axis);
  mlir::Value takeAlong(mlir::Value x, mlir::Value indices, int64_t axis);

  //===- reductions; half floats accumulate in f32 -===//
  mlir::Value reduce(mlir::Value x, ReduceKind kind, Sizes dims, bool keep = false);
  mlir::Value mean(mlir::Value x, Sizes dims, bool keep = false);
  mlir::Value argReduce(mlir::Value x, ReduceKind kind, int64_t dim, bool last, bool keep);
  mlir::Value cumulative(mlir::Value x, int64_t dim, bool exclusive, bool reverse);
  mlir::Value softmax(mlir::Value x, Sizes dims);

  //===- products and pools -===//
  struct Windows { ///< one entry per windowed dimension
    Shape strides, low, high, lhsDilation, dilation;
  };
  mlir::Value contract(mlir::Value lhs, mlir::Value rhs, const std::string &labels);
  mlir::Value window(mlir::Value lhs, mlir::Value rhs, const std::string &labels, const std::string &spatial,
                     const Windows &windows);
  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs); ///< numpy's rule for any ranks
  struct Pool { ///< one entry per dimension
    Shape window, strides, low, high, dilation;
  };
  mlir::Value pool(mlir::Value x, ReduceKind kind, const Pool &pool);

  //===- loops -===//
  /// For each step along dimension 0 of the inputs (one at least), from the last backwards with `reverse`: `step` makes of the states and the
  /// inputs' slices the next states and any outputs. It may use any value of the graph. Results: the last states, then the outputs, stacked.
  std::vector<mlir::Value>
  scan(llvm::ArrayRef<mlir::Value> states, llvm::ArrayRef<mlir::Value> inputs, bool reverse,
       llvm::function_ref<std::vector<mlir::Value>(llvm::ArrayRef<mlir::Value> states, llvm::ArrayRef<mlir::Value> inputs)> step);

  //===- derivatives -===//
  mlir::Value detach(mlir::Value x); ///< x without a derivative
  std::vector<mlir::Value> gradient(mlir::Value y, llvm::ArrayRef<mlir::Value> with); ///< of sum(y) with respect to each
  /// f32 in [0, 1); key: i64[2], seed and step. In a loop each of its steps draws others.
  mlir::Value random(mlir::Value key, int64_t stream, Sizes shape);
  void copy(mlir::Operation *op, mlir::IRMapping &map) { ops.clone(*op, map); } ///< of another graph

  //===- what is known now -===//
  std::optional<mlir::DenseElementsAttr> known(mlir::Value x);
  std::optional<Shape> knownIntegers(mlir::Value x);

private:
  /// A broadcast op. Only integers fold when that makes a table larger: they may be shapes, other tables are weights.
  mlir::Value emitBroadcast(mlir::Value x, Sizes dims, Sizes shape);
  /// Broadcasts both to one shape; their element types must be one.
  void align(mlir::Value &x, mlir::Value &y);
  mlir::Value settle(mlir::Operation *op);
  template <typename Op, typename... Arguments> mlir::Value emit(Arguments &&...arguments) {
    return settle(ops.create<Op>(location, std::forward<Arguments>(arguments)...));
  }
  /// f32 for half floats, so that long sums keep their digits; the caller casts back.
  mlir::Value widened(mlir::Value x);

  struct Loop {
    mlir::Value turn; ///< which step, in its body
    int64_t steps;
  };
  mlir::OpBuilder &ops;
  mlir::Location location;
  llvm::SmallVector<Loop> loops; ///< whose steps are being written, outermost first
};

} // namespace kiln

#endif
