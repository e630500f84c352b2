//===- KernelEmitter.h - a kernel's body as Halide Funcs and the Nest of its loops --------------------------------------===//
//
// Algorithms are written in logical coordinates; this is where they meet storage. The result's loops are the physical dimensions of its
// buffer (a blocked dimension c gives the axes c and c_in, and the coordinate c*block + c_in), operands are flat buffers read at one affine
// offset, so that a read and the strides that a schedule sees cannot disagree.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_KERNELEMITTER_H
#define KILN_LOWER_KERNELEMITTER_H
#include "compiler/lower/Emitter.h"
#include "compiler/schedule/Apply.h"

namespace kiln::lower {

class KernelEmitter : public Emitter {
public:
  explicit KernelEmitter(KernelOp kernel);

  Halide::Expr value(mlir::Value v, At at) override;
  Halide::Expr padded(mlir::Value v, At at, Halide::Expr outside) override;
  Exprs reduce(mlir::Operation *op, At at, const Reduction &reduction) override;

  schedule::Nest nest;
  schedule::Funcs funcs;
  std::vector<Halide::Argument> arguments;
  Halide::Func result;

private:
  /// A Func that holds the values of one op (or a padded operand), and how a coordinate addresses it.
  struct Stored {
    Halide::Func func;
    std::vector<Index> definition;  ///< the logical coordinate the Func was defined at
    std::vector<std::string> axes;  ///< the Func's arguments
    std::vector<int64_t> dims;      ///< the logical dimension each argument comes from
    std::vector<int64_t> inner;     ///< block when the argument is an inner part, -block for an outer part, 0 otherwise
  };

  void defineResult();
  std::string nameOf(mlir::Value v, int64_t dim) const;
  Halide::Expr read(mlir::BlockArgument argument, At at);
  Halide::Expr clamped(mlir::Value v, At at, Halide::Expr outside);
  Stored store(At at, const std::string &name); ///< the caller defines the Func over `axes`
  Halide::Expr call(const Stored &stored, At at, int component);
  Halide::Expr rowStage(mlir::Value v, At at);
  void addAxis(const std::string &name, int64_t extent, bool reduction, const std::string &inner = "");
  bool covered(mlir::Value v, At at, Halide::Expr outside) const;

  mutable KernelOp kernel;
  std::vector<Halide::ImageParam> buffers;
  std::map<mlir::Operation *, Stored> accumulators;
  std::map<void *, Stored> prologues, rows;
  std::map<std::pair<void *, std::string>, Halide::Expr> emitted;
  std::map<std::string, std::map<std::string, int64_t>> *probe = nullptr; ///< while finding out how reductions are blocked
  std::vector<Index> identity; ///< the result's own coordinate
  std::string lane;            ///< the result's innermost axis
  int reducing = 0;            ///< depth of reductions being defined
  Role reducingRole = Role::Map;
  bool rowKernel = false; ///< several reductions along rows
};

} // namespace kiln::lower
#endif
