//===- SpaceRule.cpp - defaults: which family, and the schedules of rows and maps -------------------------------------===//
//
// A nest with statistics is rows; one with a reduction is tiles; the rest is a map.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceRule.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
void put(Schedule &schedule, const std::string &key, int64_t value) { schedule.params[key] = std::to_string(value); }

std::vector<std::string> dimsOf(const Nest &nest) {
  std::vector<std::string> names;
  for (const Dim &dim : nest.result().dims)
    names.push_back(dim.axis);
  return names;
}

/// The axis along which an operand that is strided along the lanes is contiguous, or empty.
std::string gatheredAlong(const Nest &nest, const std::string &lane) {
  for (const Operand &operand : nest.operands)
    if (stride(operand, lane) > 1)
      for (const std::string &axis : dimsOf(nest))
        if (stride(operand, axis) == 1 && nest.axis(axis).extent > 1)
          return axis;
  return "";
}
} // namespace

Schedule rowSchedule(const Nest &nest, const Machine &machine) {
  Schedule schedule{"row", {}};
  Lanes lanes = lanesOf(nest);
  std::vector<std::string> rows = rowAxes(nest), order;
  bool across = rowsAcross(nest), lanesAreRows = contains(rows, lanes.axis);
  int64_t vector = vectorFor(machine.lanes, lanes.extent), parts = 4;
  if (!across && (lanesAreRows || lanes.axis.empty())) { // no lane axis: the vectors run along the sum alone
    const Stage &statistic = *nest.first(Kind::Statistic);
    std::string folded = schedule.params["lanes"] = statistic.reduce.empty() ? lanes.axis : statistic.reduce[0];
    vector = machine.lanes;
    // Pieces of a few vectors with a remainder: short vectors without one, each with a sum of its own.
    int64_t piece = nest.axis(folded).extent, whole = piece & -piece;
    if (statistic.reduce.size() > 1 && piece % vector && piece <= 8 * whole && whole >= 4) {
      vector = whole;
      parts = piece / whole;
    }
  } else {
    int64_t copies = 4;
    if (across) { // as many rows side by side as stay in the first cache: short pieces of long strides waste its lines
      copies = machine.l1 / (4 * vector);
      for (const std::string &axis : dimsOf(nest))
        copies /= contains(rows, axis) ? 1 : std::max<int64_t>(1, nest.axis(axis).extent);
      copies = std::clamp<int64_t>(copies, 2, 8);
    }
    put(schedule, "tile_" + lanes.axis, std::clamp<int64_t>(lanes.extent / vector, 1, copies));
  }
  put(schedule, "vector", vector);
  if (!across)
    put(schedule, "unroll", parts);
  for (const std::string &axis : dimsOf(nest))
    if (!contains(rows, axis))
      order.push_back(axis);
  for (const std::string &axis : dimsOf(nest))
    if (contains(rows, axis))
      order.push_back(axis);
  if (!order.empty())
    schedule.params["order"] = join(order);
  return schedule;
}

const Stage *transposed(const Nest &nest, std::string &along) {
  const Stage *prologue = nest.first(Kind::Prologue);
  if (!prologue || nest.first(Kind::Heavy) || nest.first(Kind::Statistic))
    return nullptr;
  Lanes lanes = lanesOf(nest);
  for (const Dim &dim : prologue->dims) {
    const Axis *axis = findAxis(nest, dim.axis);
    if (!axis || axis->extent == 1)
      continue;
    along = dim.axis;
    bool other = dim.axis != lanes.axis && runsOver(nest.result(), dim.axis) && runsOver(*prologue, lanes.axis);
    return other && dim.scale == 1 ? prologue : nullptr;
  }
  return nullptr;
}

Schedule mapSchedule(const Nest &nest, const Machine &machine) {
  Schedule schedule{"map", {}};
  Lanes lanes = lanesOf(nest);
  int64_t vector = vectorFor(machine.lanes, lanes.extent);
  put(schedule, "vector", vector);
  if (lanes.axis.empty())
    return schedule;
  std::string along;
  if (const Stage *square = transposed(nest, along)) {
    put(schedule, "tile_" + along, vectorFor(machine.lanes, nest.axis(along).extent));
    schedule.params["at_" + square->func] = "tile";
    return schedule;
  }
  if (std::string contiguous = gatheredAlong(nest, lanes.axis); !contiguous.empty()) {
    // Lanes from as many lines: use each line up before the next ones.
    put(schedule, "tile_" + contiguous, std::min<int64_t>(4, nest.axis(contiguous).extent));
    schedule.params["order"] = contiguous + "." + lanes.axis;
    return schedule;
  }
  int64_t copies = std::min<int64_t>(4, lanes.extent / vector);
  put(schedule, "tile_" + lanes.axis, copies);
  // A long row that may be updated in place (parameters) is cut off at its end: that costs one short tile of many.
  bool own = std::any_of(nest.operands.begin(), nest.operands.end(), [](const Operand &operand) { return operand.own; });
  if (own && !readsBackwards(nest) && lanes.extent % (copies * vector) && lanes.extent / (copies * vector) >= 16)
    schedule.params["tail"] = "guard";
  for (const std::string &axis : dimsOf(nest)) // short rows: several at once
    if (axis != lanes.axis && copies < 2 && nest.axis(axis).extent > 1) {
      put(schedule, "tile_" + axis, std::min<int64_t>(4, nest.axis(axis).extent));
      break;
    }
  return schedule;
}

Schedule defaults(const Nest &nest, const Machine &machine) {
  if (nest.first(Kind::Statistic))
    return inParallel(nest, machine, rowSchedule(nest, machine));
  if (nest.first(Kind::Heavy))
    return inParallel(nest, machine, tileSchedule(nest, machine, ruledTile(nest, machine)));
  return inParallel(nest, machine, mapSchedule(nest, machine));
}
} // namespace kiln::schedule
