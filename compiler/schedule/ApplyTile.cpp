//===- ApplyTile.cpp - register-tiled reductions ----------------------------------------------------------------------===//
//
// Contraction, convolution, depthwise, pooling, column sums: one tile of the result, its accumulators in registers, the whole sum inside.
// When a sum is cut into chunks, a slab of sums stays in cache, and every chunk adds one register tile after the other to it.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyLoops.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
using Halide::TailStrategy;

size_t positionOf(const Stage &heavy, const std::string &axis) {
  return size_t(std::find(heavy.reduce.begin(), heavy.reduce.end(), axis) - heavy.reduce.begin());
}

/// The partial sums that tile_<reduction> asks for: 1 when the sum is a single chain.
int partialsOf(const Stage &heavy, const Schedule &schedule, std::string &axis) {
  axis = foldedAxis(schedule);
  for (const std::string &name : heavy.reduce)
    if (schedule.get("tile_" + name, 1) > 1)
      axis = name;
  return axis.empty() ? 1 : int(schedule.get("tile_" + axis, 1));
}

/// Whole tiles in registers, the sum of each inside.
void wholeSum(const Nest &nest, const Stage &heavy, Func acc, const Schedule &schedule, const ResultLoops &result) {
  int copies = int(schedule.get("unroll", 1));
  auto atTile = [&](Func func) { result.computeAt(func, 0); };
  atTile(acc);
  std::string axis;
  int partials = partialsOf(heavy, schedule, axis);
  std::vector<SumLoop> sum = sumLoops(nest, heavy, acc, schedule);
  if (axis.empty() || !reorders(acc)) {
    accumulate(nest, heavy, acc, schedule, sum, copies);
    return;
  }
  size_t position = positionOf(heavy, axis);
  SumLoop chain{acc.rvars(0)[position], nest.axis(axis).extent};
  if (!foldedAxis(schedule).empty()) {
    foldInLanes(acc, chain, int(schedule.get("vector", 1)), partials, atTile, true);
    for (const Var &arg : acc.args()) {
      acc.unroll(arg);
      acc.update().unroll(arg);
    }
    return;
  }
  RVar outer(chain.var.name() + "_o"), inner(chain.var.name() + "_i");
  acc.update().split(chain.var, outer, inner, partials);
  Func partial = acc.update().rfactor(inner, Var(chain.var.name() + "_p"));
  atTile(partial);
  for (SumLoop &loop : sum)
    if (loop.var.name() == chain.var.name())
      loop = {outer, chain.extent / partials};
  accumulate(nest, heavy, partial, schedule, sum, copies);
  accumulate(nest, heavy, acc, schedule, {{inner, partials}}, partials);
}

/// The update of a slab: tiles of it, each adding one chunk.
void addChunks(const Nest &nest, const Stage &heavy, Func acc, Func part, RVar chunks, const Schedule &schedule,
               const std::vector<std::string> &inSlab) {
  int vector = int(schedule.get("vector", 1));
  std::vector<Var> args = acc.args(), storage;
  std::vector<size_t> order = lanesFirst(nest, heavy);
  for (size_t i : order)
    storage.push_back(args[i]);
  if (storage.size() > 1)
    acc.reorder_storage(storage);
  Halide::Stage update = acc.update();
  std::vector<VarOrRVar> copies, loops;
  std::string lane = lanesOf(nest).axis;
  for (size_t i : order) {
    const std::string &axis = heavy.dims[i].axis;
    if (axis == lane) {
      Var copy(args[i].name() + "_j"), within(args[i].name() + "_v");
      acc.split(args[i], copy, within, vector, TailStrategy::RoundUp).vectorize(within);
      for (const VarOrRVar &var : inVectors(update, args[i], vector))
        copies.push_back(var);
      continue;
    }
    int64_t size = schedule.get("tile_" + axis, 1);
    if (!contains(inSlab, axis)) {
      update.unroll(args[i]);
      copies.push_back(args[i]);
    } else if (size > 1) {
      Var tile(args[i].name() + "_l"), within(args[i].name() + "_t");
      update.split(args[i], tile, within, int(size), TailStrategy::RoundUp).unroll(within);
      copies.push_back(within);
      loops.push_back(tile);
    } else {
      loops.push_back(args[i]);
    }
  }
  // The loops of the slab in the order of the schedule.
  std::vector<VarOrRVar> inner = copies;
  inner.insert(inner.end(), loops.begin(), loops.end());
  inner.push_back(chunks);
  update.reorder(inner);
  part.compute_at(acc, Var(loops.front().name()));
}

void chunkedSum(const Nest &nest, Funcs &funcs, const Stage &heavy, const Schedule &schedule, const std::string &axis) {
  Func acc = funcs.at(heavy.func), out = funcs.at(nest.result().func);
  std::vector<SumLoop> sum = sumLoops(nest, heavy, acc, schedule);
  RVar whole = acc.rvars(0)[positionOf(heavy, axis)], chunks(whole.name() + "_c"), within(whole.name() + "_k");
  int64_t size = schedule.get("chunk_" + axis, 1);
  acc.update().split(whole, chunks, within, int(size));
  Func part = acc.update().rfactor(chunks, Var(whole.name() + "_p"));
  for (SumLoop &loop : sum)
    if (loop.var.name() == whole.name())
      loop = {within, size};
  std::vector<Loop> loops = loopsOf(nest, schedule);
  std::vector<std::string> inSlab;
  for (size_t i = 0; i < loopsInSlab(nest, loops); ++i)
    inSlab.push_back(loops[i].axis);
  ResultLoops result = tileResult(nest, out, schedule, inSlab);
  result.computeAt(acc, inSlab.size());
  addChunks(nest, heavy, acc, part, chunks, schedule, inSlab);
  accumulate(nest, heavy, part, schedule, sum, int(schedule.get("unroll", 1)));
  applyPrologues(nest, funcs, schedule, result);
}
} // namespace

void applyTile(const Nest &nest, Funcs &funcs, const Schedule &schedule) {
  const Stage &heavy = *nest.first(Kind::Heavy);
  Func acc = funcs.at(heavy.func);
  std::string chunked = chunkedAxis(nest, schedule);
  if (!chunked.empty() && reorders(acc)) { // else one pass over the whole sum
    chunkedSum(nest, funcs, heavy, schedule, chunked);
    return;
  }
  ResultLoops result = tileResult(nest, funcs.at(nest.result().func), schedule);
  wholeSum(nest, heavy, acc, schedule, result);
  for (const Stage &stage : nest.stages) // a second sum of the same tile
    if (&stage != &heavy && (stage.kind == Kind::Heavy || stage.kind == Kind::Row)) {
      Func more = funcs.at(stage.func);
      result.computeAt(more, 0);
      accumulate(nest, stage, more, schedule, sumLoops(nest, stage, more, schedule), 1);
    }
  applyPrologues(nest, funcs, schedule, result);
}
} // namespace kiln::schedule
