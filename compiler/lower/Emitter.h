//===- Emitter.h - where an op's algorithm meets Halide ----------------------------------------------------------------===//
//
// An op's `emit` asks for operand values at logical coordinates and returns the value of its result at one. It never sees a buffer, a
// layout or a loop. Two emitters exist: KernelEmitter builds Funcs and the Nest of a kernel, ConstantEmitter folds small constants.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_EMITTER_H
#define KILN_LOWER_EMITTER_H
#include "compiler/dialect/Kiln.h"
#include "compiler/lower/Index.h"
#include <functional>

namespace kiln::lower {
using Exprs = std::vector<Halide::Expr>;
using Indices = std::vector<Index>;

/// A reduction as an op describes it: result `value` at `at` = fold of step over all r in `extents`, starting at init.
struct Reduction {
  std::vector<int64_t> extents; ///< outermost first
  std::vector<std::string> names; ///< of the reduction axes, as schedules will show them
  std::vector<std::string> results; ///< names of the result's dimensions as schedules will show them (may be empty)
  int64_t elements = 1; ///< that one step takes in
  Exprs init;
  /// Next accumulators from the current ones; `at` is the result's coordinate, `r` the reduction's.
  std::function<Exprs(At at, At r, const Exprs &accumulators)> step;
};

class Emitter {
public:
  virtual ~Emitter();
  /// The value of `v` at a logical coordinate: reads a buffer, or asks the op that defines it.
  virtual Halide::Expr value(mlir::Value v, At at) = 0;
  /// As value, but where `at` lies outside the tensor the value is `outside` (a literal).
  virtual Halide::Expr padded(mlir::Value v, At at, Halide::Expr outside) = 0;
  /// The accumulators of `op` (which asks for itself) at result coordinate `at`.
  virtual Exprs reduce(mlir::Operation *op, At at, const Reduction &reduction) = 0;

  /// Coordinate `position` of the `extent` ones that an op asks for one by one: a reduction that it writes out.
  virtual Index tap(int64_t position, int64_t extent) { return Index(position); }

  /// How many zeros are stored behind the last element along `dim`, to be read as elements.
  virtual int64_t spare(mlir::Value, int64_t) const { return 0; }

  const Env &env() const { return variables; }
  /// The coordinate as a number an op computes with (a comparison, a value).
  virtual Halide::Expr expr(const Index &i) const { return i.expr(variables); }

protected:
  Env variables;
};

/// The algorithm of `op`: the value of a result at a coordinate.
inline Halide::Expr emit(AlgorithmOpInterface op, Emitter &emitter, unsigned result, At at) {
  Halide::Expr value;
  op.emitInto(emitter, result, at, value);
  return value;
}

/// Halide's type of a tensor element; i1 values are Bool expressions (stored as one byte).
Halide::Type halideType(mlir::Type element);
/// A literal of `type`.
Halide::Expr literal(mlir::Type type, mlir::Attribute value);
/// What changes nothing under a reduction of this kind: its result over nothing, and its padding.
Halide::Expr identity(ReduceKind kind, Halide::Type type);
/// A reduction of one kind as accumulators: before the first element, with one more, and the value they stand for.
Exprs start(ReduceKind kind, Halide::Type type);
Exprs only(ReduceKind kind, Halide::Expr element); ///< the accumulators of one element
Exprs combine(ReduceKind kind, const Exprs &a, const Exprs &b);
Halide::Expr total(ReduceKind kind, const Exprs &sum);

} // namespace kiln::lower
#endif
