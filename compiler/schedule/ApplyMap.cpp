//===- ApplyMap.cpp - elementwise nests and moves ---------------------------------------------------------------------===//
//
// Vectors of the result, a few at a time. What is read along one axis and written along another goes through a square in registers.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyLoops.h"

namespace kiln::schedule {
void applyMap(const Nest &nest, Funcs &funcs, const Schedule &schedule) {
  ResultLoops result = tileResult(nest, funcs.at(nest.result().func), schedule);
  for (const Stage &stage : nest.stages) {
    if (stage.kind == Kind::Result)
      continue;
    Func func = funcs.at(stage.func);
    std::string where = schedule.text("at_" + stage.func, "root");
    if (where != "tile") {
      result.computeAt(func, where == "root" ? result.loops.size() : result.outermost(where));
      vectorizeAlone(nest, stage, func, int(schedule.get("vector", 1)));
      continue;
    }
    result.computeAt(func, 0);
    bool lanes = true;
    std::vector<Var> args = func.args();
    for (size_t i = 0; i < args.size(); ++i) {
      const Axis *axis = findAxis(nest, stage.dims[i].axis);
      if (!axis || axis->extent == 1)
        continue;
      int64_t covered = step(nest, schedule, axis->name);
      if (lanes && covered > 1)
        func.vectorize(args[i], int(covered), Halide::TailStrategy::RoundUp);
      else if (!lanes && covered > 1)
        func.unroll(args[i]);
      lanes = false;
    }
  }
}
} // namespace kiln::schedule
