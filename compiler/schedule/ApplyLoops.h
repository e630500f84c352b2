//===- ApplyLoops.h - the loops of a kernel's result, as Halide variables ---------------------------------------------===//
//
// In: the result Func, its nest and a schedule. Out: the Func split, reordered, vectorised and unrolled, and the variables of its
// sequential loops in the order of loopsOf(), so that producers can be computed at them.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_APPLYLOOPS_H
#define KILN_SCHEDULE_APPLYLOOPS_H
#include "compiler/schedule/Apply.h"
#include "compiler/schedule/SpaceLoops.h"
#include <functional>

namespace kiln::schedule {
using Halide::Func;
using Halide::RVar;
using Halide::Var;
using Halide::VarOrRVar;

struct ResultLoops {
  Func out;
  std::vector<Loop> loops; ///< innermost first
  std::vector<Var> vars;   ///< of each loop; loops fused for threads share one

  /// Computes `func` at loop `i`, or at the root when there is no such loop.
  void computeAt(Func func, size_t i) const;
  /// The loop over `axis` that stands outermost; loops.size() when there is none.
  size_t outermost(const std::string &axis) const;
};

/// Splits and orders the result. Axes in `whole` keep no register tile (a chunked sum tiles its own loops).
ResultLoops tileResult(const Nest &nest, Func out, const Schedule &schedule, const std::vector<std::string> &whole = {});

/// `stage` has the argument over `axis` split into vectors of `vector` and unrolled (`vector` divides what is computed of it).
template <class FuncOrStage> std::vector<VarOrRVar> inVectors(FuncOrStage stage, const Var &arg, int vector) {
  if (vector <= 1) {
    stage.unroll(arg);
    return {arg};
  }
  Var copy(arg.name() + "_j"), lane(arg.name() + "_v");
  stage.split(arg, copy, lane, vector, Halide::TailStrategy::RoundUp).vectorize(lane).unroll(copy);
  return {lane, copy};
}

/// A stage computed once per loop with its own first dimension in vectors, never past its end.
void vectorizeAlone(const Nest &nest, const Stage &stage, Func func, int vector);
/// Accumulators of one tile in registers: every dimension unrolled, lanes in vectors, the sum in `sum` order (innermost first).
struct SumLoop {
  RVar var;
  int64_t extent;
};
void accumulate(const Nest &nest, const Stage &stage, Func func, const Schedule &schedule, const std::vector<SumLoop> &sum,
                int copies);
/// The reduction variables of a stage in sum order.
std::vector<SumLoop> sumLoops(const Nest &nest, const Stage &stage, Func func, const Schedule &schedule);
/// The dimensions of a stage as its storage and its unrolled loops want them: positions, the lanes' axis first.
std::vector<size_t> lanesFirst(const Nest &nest, const Stage &stage);
/// The update may be summed up in another order, as far as Halide can prove it.
bool reorders(Func func);
/// A sum along `along` becomes vector * copies partial sums and one fold. `place` says where the partial sums are computed; the other
/// arguments are unrolled when `tile`. The sum must be one that reorders.
void foldInLanes(Func func, const SumLoop &along, int vector, int copies, const std::function<void(Func)> &place, bool tile);

void applyMap(const Nest &nest, Funcs &funcs, const Schedule &schedule);
void applyRow(const Nest &nest, Funcs &funcs, const Schedule &schedule);
void applyTile(const Nest &nest, Funcs &funcs, const Schedule &schedule);
/// Prologues of a tile or row nest: at the loop that at_<func> names, or at the root.
void applyPrologues(const Nest &nest, Funcs &funcs, const Schedule &schedule, const ResultLoops &result);
} // namespace kiln::schedule

#endif
