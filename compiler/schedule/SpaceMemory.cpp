//===- SpaceMemory.cpp - which operands a result may overwrite, and how much scratch a schedule needs -----------------===//
#include "compiler/schedule/SpaceGpu.h"
#include "compiler/schedule/SpaceOnce.h"
#include "compiler/schedule/SpaceTiles.h"
#include <algorithm>

namespace kiln::schedule {
std::vector<std::string> aliases(const Nest &nest, const Schedule &schedule) {
  bool gpu = isGpu(schedule);
  // A Tuple stores one value before it computes the next.
  if (nest.result().values > 1 || !(gpu ? gpuVisitsOnce(nest, schedule) : visitsOnce(nest, schedule)))
    return {};
  std::map<std::string, bool> own;
  bool row = !gpu && nest.first(Kind::Statistic); // a row is read whole before any of it is written
  for (const Operand &operand : nest.operands) {
    bool may = operand.own && (row || !operand.heavy);
    auto [entry, fresh] = own.emplace(operand.name, may);
    entry->second &= may;
  }
  std::vector<std::string> names;
  for (const auto &[name, may] : own)
    if (may)
      names.push_back(name);
  return names;
}

int64_t scratch(const Nest &nest, const Schedule &schedule) {
  if (isGpu(schedule))
    return 0;
  std::vector<std::string> rows = rowAxes(nest);
  Lanes lanes = lanesOf(nest);
  int64_t total = 0;
  for (const Stage &stage : nest.stages) {
    if (stage.kind == Kind::Result || stage.kind == Kind::Heavy)
      continue;
    int64_t bytes = 8 * stage.values;
    std::string where = schedule.text("at_" + stage.func, "");
    for (const Dim &dim : stage.dims) {
      const Axis *axis = findAxis(nest, dim.axis);
      bool one = stage.kind != Kind::Prologue && contains(rows, dim.axis) && dim.axis != lanes.axis;
      if (!axis || one)
        continue;
      // A prologue inside the loop over blocks of an axis holds one block and what the window reaches over it; its lanes are rounded up.
      int64_t extent = axis->extent, block = schedule.get("block_" + dim.axis, 0);
      if (stage.kind == Kind::Prologue && block && !where.empty() && block < extent)
        extent = block;
      bytes *= extent * dim.scale + dim.reach + (stage.kind == Kind::Prologue && &dim == &stage.dims[0] ? 64 : 0);
    }
    total += bytes;
  }
  std::string chunked = chunkedAxis(nest, schedule);
  if (!chunked.empty()) {
    int64_t bytes = 4 * nest.first(Kind::Heavy)->values;
    std::vector<Loop> loops = loopsOf(nest, schedule);
    size_t inside = loopsInSlab(nest, loops);
    for (size_t i = 0; i < loops.size(); ++i)
      bytes *= i < inside ? nest.axis(loops[i].axis).extent : step(nest, schedule, loops[i].axis);
    total += bytes;
  }
  return total;
}
} // namespace kiln::schedule
