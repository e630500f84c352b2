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
#include "compiler/lower/Kernel.h"
#include "compiler/schedule/Apply.h"
#include <set>

namespace kiln::lower {

/// Result axes that run as one loop: positions in the result's physical order, innermost first, next to each other.
using Groups = std::vector<std::vector<size_t>>;

class KernelEmitter : public Emitter {
public:
  KernelEmitter(KernelOp kernel, Side side, Groups groups = {});
  /// Neighbouring axes that every operand and stage walks as one (x and y of a pointwise convolution, all of a dense map).
  Groups collapsible() const;
  /// For a device: neighbouring axes of the result that the same factor of a product brings. A tile covers them as one.
  Groups tileable() const;

  Halide::Expr value(mlir::Value v, At at) override;
  Halide::Expr padded(mlir::Value v, At at, Halide::Expr outside) override;
  Exprs reduce(mlir::Operation *op, At at, const Reduction &reduction) override;
  Halide::Expr expr(const Index &i) const override;
  Index tap(int64_t position, int64_t extent) override;
  int64_t spare(mlir::Value v, int64_t dim) const override;

  schedule::Nest nest;
  schedule::Funcs funcs;
  std::vector<Halide::Argument> arguments;
  Halide::Func result;

private:
  /// A Func that holds the values of one op (or a padded operand), and how a coordinate addresses it.
  struct Argument {
    std::string axis;
    std::vector<std::pair<int64_t, int64_t>> dims; ///< logical dimensions it comes from, with multipliers (several when collapsed)
    int64_t inner = 0; ///< block of an inner part, -block of an outer part
  };
  struct Stored {
    Halide::Func func;
    std::vector<Index> definition; ///< the logical coordinate the Func was defined at
    std::vector<Argument> arguments;
  };
  struct Group {
    std::string name;
    std::vector<std::string> members; ///< innermost first
    std::vector<int64_t> steps; ///< product of the extents before each
    int64_t extent;
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
  Index collapsed(Index i) const;
  void touch(const Index &i) const;
  void note(schedule::Operand operand);
  struct SumLoop {
    std::string name;
    int64_t extent;
    size_t dim;
    int64_t factor;
    std::vector<size_t> members = {}; ///< devices: the sum's dimensions that run as this one loop, innermost first
    int64_t steps = 0; ///< devices: how many steps there are before the zeros that fill the last chunk
  };
  std::vector<SumLoop> hostLoops(const Reduction &reduction, const std::vector<std::string> &names, const Stored &stored,
                                 Role role);
  std::vector<SumLoop> deviceLoops(const Reduction &reduction, const std::vector<std::string> &names, Role role);
  void bind(const SumLoop &loop, const Reduction &reduction, const std::vector<std::string> &names, Indices &r);
  Exprs onDevice(Exprs next, const Exprs &current, const Stored &stored, const std::vector<SumLoop> &loops,
                 const Halide::RDom &domain, const schedule::Stage &sum, size_t firstOperand);
  bool stageFactors(Exprs &next, const Exprs &current, const Stored &stored, const std::vector<SumLoop> &loops,
                    size_t firstOperand);
  static bool foldsOnDevice(const Halide::Func &sum);

  mutable KernelOp kernel;
  Side side;
  std::vector<Halide::ImageParam> buffers;
  std::map<mlir::Operation *, Stored> accumulators;
  std::map<void *, Stored> prologues, rows;
  std::map<std::pair<void *, std::string>, Halide::Expr> emitted;
  std::map<std::string, std::map<std::string, int64_t>> *probe = nullptr; ///< while finding out how reductions are blocked
  std::vector<std::vector<size_t>> wanted;
  std::vector<Group> groups;
  mutable std::set<std::string> touched; ///< axes that are more than a term of a sum: they stay loops of their own
  mutable std::vector<std::map<std::string, int64_t>> numbers; ///< terms of the indices that ops compute with
  std::vector<Index> identity; ///< the result's own coordinate
  std::string lane; ///< the result's innermost axis
  int sums = 0; ///< accumulators named so far; one may be met while another is being defined
  int reducing = 0; ///< depth of reductions being defined
  Role reducingRole = Role::Map;
  bool readElsewhere = false; ///< a sum is read at another coordinate than the result's own
  bool rowKernel = false; ///< several reductions along rows
};

/// Once to see the loops, once more with those collapsed that can be.
std::unique_ptr<KernelEmitter> emitterOf(KernelOp kernel, Side side);
} // namespace kiln::lower
#endif
