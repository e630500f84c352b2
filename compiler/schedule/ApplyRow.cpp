//===- ApplyRow.cpp - softmax, norms, reductions of rows --------------------------------------------------------------===//
//
// Everything one row needs is computed inside the innermost loop over rows. Rows along the lanes: each statistic is a few vectors of
// partial results and one fold. Rows across the lanes: a vector computes as many rows as it has lanes, and nothing is folded.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyLoops.h"

namespace kiln::schedule {
namespace {
/// The dimension of a stage over the result's lanes, or the number of its dimensions.
size_t laneDim(const Nest &nest, const Stage &stage) {
  std::string lane = lanesOf(nest).axis;
  size_t i = 0;
  while (i < stage.dims.size() && stage.dims[i].axis != lane)
    ++i;
  return i;
}

/// A statistic or row that has the lanes as a dimension of its own. `whole`: it covers whole vectors, few enough to unroll.
void vectorizeLanes(const Nest &nest, const Stage &stage, Func func, size_t lane, int vector, bool whole,
                    const Schedule &schedule) {
  std::vector<Var> args = func.args(), storage = {args[lane]};
  for (size_t i = 0; i < args.size(); ++i)
    if (i != lane)
      storage.push_back(args[i]);
  if (storage.size() > 1)
    func.reorder_storage(storage).reorder(std::vector<VarOrRVar>(storage.begin(), storage.end()));
  int width = int(vectorFor(vector, nest.axis(stage.dims[lane].axis).extent));
  auto inLanes = [&](auto definition) {
    if (width > 1 && whole)
      inVectors(definition, args[lane], width);
    else if (width > 1)
      definition.vectorize(args[lane], width, Halide::TailStrategy::GuardWithIf);
  };
  if (func.has_update_definition()) {
    std::vector<VarOrRVar> inside = {args[lane]};
    for (const SumLoop &sum : sumLoops(nest, stage, func, schedule))
      inside.push_back(sum.var);
    if (inside.size() > 1)
      func.update().reorder(inside);
    inLanes(func.update());
  }
  inLanes(func);
}
} // namespace

void applyRow(const Nest &nest, Funcs &funcs, const Schedule &schedule) {
  ResultLoops result = tileResult(nest, funcs.at(nest.result().func), schedule);
  std::vector<std::string> rows = rowAxes(nest);
  size_t row = 0; // the innermost loop over rows
  while (row < result.loops.size() && !contains(rows, result.loops[row].axis))
    ++row;
  int vector = int(schedule.get("vector", 1)), copies = int(schedule.get("unroll", 1));
  bool across = rowsAcross(nest), noLaneAxis = !foldedAxis(schedule).empty();
  for (const Stage &stage : nest.stages) {
    if (stage.kind == Kind::Result || stage.kind == Kind::Prologue)
      continue;
    Func func = funcs.at(stage.func);
    result.computeAt(func, row);
    size_t lane = laneDim(nest, stage);
    bool hasLanes = lane < stage.dims.size() && (across || !noLaneAxis);
    if (hasLanes) {
      vectorizeLanes(nest, stage, func, lane, vector, across, schedule);
      continue;
    }
    if (!reorders(func))
      continue;
    SumLoop along = sumLoops(nest, stage, func, schedule)[0];
    int width = int(vectorFor(vector, along.extent));
    int parts = int(std::max<int64_t>(1, std::min<int64_t>(copies, along.extent / width)));
    if (width > 1)
      foldInLanes(func, along, width, parts, [&](Func partial) { result.computeAt(partial, row); }, false);
  }
  applyPrologues(nest, funcs, schedule, result);
}
} // namespace kiln::schedule
