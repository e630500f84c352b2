//===- Apply.cpp - a Nest, its Funcs and a Schedule become loops ------------------------------------------------------===//
#include "compiler/schedule/ApplyGpu.h"
#include "compiler/schedule/ApplyLoops.h"

namespace kiln::schedule {
void apply(const Nest &nest, Funcs &funcs, const Schedule &schedule) {
  if (isGpu(schedule))
    applyGpu(nest, funcs, schedule);
  else if (schedule.family == "tile")
    applyTile(nest, funcs, schedule);
  else if (schedule.family == "row")
    applyRow(nest, funcs, schedule);
  else
    applyMap(nest, funcs, schedule);
}
} // namespace kiln::schedule
