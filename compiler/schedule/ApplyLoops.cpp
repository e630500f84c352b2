//===- ApplyLoops.cpp - the loops of a kernel's result, as Halide variables -------------------------------------------===//
#include "compiler/schedule/ApplyLoops.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
using Halide::TailStrategy;

/// The result is pure, so its last tile may shift inwards and compute some elements again: exact, and free of branches.
TailStrategy tailOf(int64_t extent, int64_t step, const Schedule &schedule) {
  return extent % step == 0                          ? TailStrategy::RoundUp
         : schedule.text("tail", "shift") == "guard" ? TailStrategy::GuardWithIf
                                                     : TailStrategy::ShiftInwards;
}

struct Splitter {
  const Nest &nest;
  const Schedule &schedule;
  const std::vector<std::string> &whole;
  Func out;
  Lanes lanes;
  std::vector<VarOrRVar> vectors, copies;
  std::map<std::string, Var> loops, blocks;

  int64_t tileOf(const std::string &axis) const { return contains(whole, axis) ? 1 : step(nest, schedule, axis); }

  void dimension(const std::string &axis, Var var) {
    int64_t extent = nest.axis(axis).extent, covered = tileOf(axis);
    out.bound(var, 0, int32_t(extent));
    if (covered > 1) {
      Var tile(var.name() + "_l"), within(var.name() + "_t");
      out.split(var, tile, within, int32_t(covered), tailOf(extent, covered, schedule));
      int vector = axis == lanes.axis && foldedAxis(schedule).empty() ? int(schedule.get("vector", 1)) : 1;
      if (vector > 1 && covered > vector) {
        Var copy(var.name() + "_j"), lane(var.name() + "_v");
        out.split(within, copy, lane, vector, TailStrategy::RoundUp);
        vectors = {lane, copy};
        out.vectorize(lane).unroll(copy);
      } else if (vector > 1) {
        vectors = {within};
        out.vectorize(within);
      } else {
        copies.push_back(within);
        out.unroll(within);
      }
      var = tile;
    }
    if (int64_t within = schedule.get("block_" + axis, 0) / covered; within > 0) {
      Var block(var.name() + "_b"), loop(var.name() + "_m");
      bool even = ceilDiv(extent, covered) % within == 0;
      out.split(var, block, loop, int32_t(within), even ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
      blocks.emplace(axis, block);
      var = loop;
    }
    loops.emplace(axis, var);
  }
};
} // namespace

void ResultLoops::computeAt(Func func, size_t i) const {
  if (i < vars.size())
    func.compute_at(out, vars[i]);
  else
    func.compute_root();
}

size_t ResultLoops::outermost(const std::string &axis) const {
  for (size_t i = loops.size(); i-- > 0;)
    if (loops[i].axis == axis)
      return i;
  return loops.size();
}

ResultLoops tileResult(const Nest &nest, Func out, const Schedule &schedule, const std::vector<std::string> &whole) {
  const Stage &stage = nest.result();
  Splitter splitter{nest, schedule, whole, out, lanesOf(nest), {}, {}, {}, {}};
  std::vector<Var> args = out.args();
  for (size_t i = 0; i < stage.dims.size(); ++i)
    splitter.dimension(stage.dims[i].axis, args[i]);
  ResultLoops result{out, loopsOf(nest, schedule), {}};
  std::vector<VarOrRVar> order = splitter.vectors;
  order.insert(order.end(), splitter.copies.begin(), splitter.copies.end());
  for (const Loop &loop : result.loops) {
    result.vars.push_back((loop.block ? splitter.blocks : splitter.loops).at(loop.axis));
    order.push_back(result.vars.back());
  }
  if (order.size() > 1)
    out.reorder(order);
  int fused = fusedLoops(result.loops, schedule);
  size_t first = result.loops.size() - size_t(std::max(fused, 0));
  if (fused > 0) {
    Var tasks = result.vars[first];
    for (size_t i = first + 1; i < result.vars.size(); ++i) {
      Var both("tasks" + std::to_string(i));
      out.fuse(tasks, result.vars[i], both);
      tasks = both;
    }
    out.parallel(tasks);
    std::fill(result.vars.begin() + std::ptrdiff_t(first), result.vars.end(), tasks);
  }
  return result;
}

void vectorizeAlone(const Nest &nest, const Stage &stage, Func func, int vector) {
  std::vector<Var> args = func.args();
  for (size_t i = 0; i < args.size(); ++i) {
    const Axis *axis = findAxis(nest, stage.dims[i].axis);
    if (axis && axis->extent == 1)
      continue;
    int width = axis ? int(vectorFor(vector, axis->extent)) : vector;
    if (width > 1)
      func.vectorize(args[i], width, TailStrategy::GuardWithIf);
    return;
  }
}

void applyPrologues(const Nest &nest, Funcs &funcs, const Schedule &schedule, const ResultLoops &result) {
  for (const Stage &stage : nest.stages) {
    if (stage.kind != Kind::Prologue)
      continue;
    Func func = funcs.at(stage.func);
    std::string where = schedule.text("at_" + stage.func, "root");
    result.computeAt(func, where == "tile" ? 0 : result.outermost(where));
    vectorizeAlone(nest, stage, func, int(schedule.get("vector", 1)));
  }
}
} // namespace kiln::schedule
