//===- SpaceLoops.cpp - the loops that a Schedule makes of a Nest's result --------------------------------------------===//
#include "compiler/schedule/SpaceLoops.h"
#include <algorithm>
#include <sstream>

namespace kiln::schedule {
std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> words;
  std::stringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);)
    if (!word.empty())
      words.push_back(word);
  return words;
}

std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : ".") + word;
  return text;
}

bool contains(const std::vector<std::string> &words, const std::string &word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool runsOver(const Stage &stage, const std::string &axis) {
  return std::any_of(stage.dims.begin(), stage.dims.end(), [&](const Dim &dim) { return dim.axis == axis; });
}

Lanes lanesOf(const Nest &nest) {
  const std::vector<Dim> &dims = nest.result().dims;
  if (dims.empty())
    return {};
  auto wide = std::find_if(dims.begin(), dims.end(), [&](const Dim &dim) { return nest.axis(dim.axis).extent > 1; });
  const Axis &axis = nest.axis(wide == dims.end() ? dims[0].axis : wide->axis);
  const Axis *outer = nest.outerOf(axis.name);
  return {axis.name, outer && runsOver(nest.result(), outer->name) ? outer->name : "", axis.extent};
}

int64_t vectorFor(int64_t lanes, int64_t extent) {
  int64_t vector = 1;
  while (vector * 2 <= lanes && vector * 2 <= extent)
    vector *= 2;
  return vector;
}

std::string foldedAxis(const Schedule &schedule) { return schedule.text("lanes", ""); }

int64_t step(const Nest &nest, const Schedule &schedule, const std::string &axis) {
  int64_t tile = schedule.get("tile_" + axis, 1);
  return axis == lanesOf(nest).axis && foldedAxis(schedule).empty() ? tile * schedule.get("vector", 1) : tile;
}

std::vector<Loop> loopsOf(const Nest &nest, const Schedule &schedule) {
  std::vector<std::string> order = split(schedule.text("order", ""), '.');
  for (const Dim &dim : nest.result().dims)
    if (!contains(order, dim.axis))
      order.push_back(dim.axis);
  std::vector<Loop> loops, blocks;
  size_t tiled = 0;
  Lanes lanes = lanesOf(nest);
  for (const std::string &name : order) {
    if (!runsOver(nest.result(), name))
      continue;
    int64_t extent = nest.axis(name).extent, covered = step(nest, schedule, name), block = schedule.get("block_" + name, 0);
    int64_t trips = ceilDiv(extent, covered), within = block / covered;
    if (block && within > 0) {
      blocks.push_back({name, ceilDiv(trips, within), true});
      trips = std::min(trips, within);
    }
    loops.push_back({name, trips, false});
    if (covered > 1 || block || name == lanes.axis || name == lanes.outer)
      tiled = loops.size();
  }
  loops.insert(loops.begin() + tiled, blocks.begin(), blocks.end());
  return loops;
}

int fusedLoops(const std::vector<Loop> &loops, const Schedule &schedule) {
  std::vector<std::string> wanted = split(schedule.text("parallel", ""), '.');
  // Loops of a single trip are no loops: a name may skip them, from the outside in.
  size_t fused = 0, left = wanted.size();
  for (auto loop = loops.rbegin(); loop != loops.rend() && left > 0; ++loop, ++fused) {
    if (loop->axis == wanted[left - 1])
      --left;
    else if (loop->trips != 1)
      return -1;
  }
  return left ? -1 : int(fused);
}

std::vector<std::string> sumOrder(const Nest &nest, const Stage &stage, const Schedule &schedule) {
  std::vector<std::string> inner, whole, outer, order;
  for (const std::string &name : stage.reduce)
    (nest.outerOf(name) ? inner : nest.axis(name).inner.empty() ? whole : outer).push_back(name);
  for (const std::string &name : split(schedule.text("sum", ""), '.'))
    if (contains(stage.reduce, name))
      order.push_back(name);
  for (const auto &group : {inner, whole, outer})
    for (const std::string &name : group)
      if (!contains(order, name))
        order.push_back(name);
  return order;
}

std::string chunkedAxis(const Nest &nest, const Schedule &schedule) {
  const Stage *heavy = nest.first(Kind::Heavy);
  for (const std::string &name : heavy ? heavy->reduce : std::vector<std::string>())
    if (int64_t chunk = schedule.get("chunk_" + name, 0); chunk && chunk < nest.axis(name).extent)
      return name;
  return "";
}

size_t loopsInSlab(const Nest &nest, const std::vector<Loop> &loops) {
  Lanes lanes = lanesOf(nest);
  size_t count = 0;
  while (count < loops.size() && loops[count].axis != lanes.axis && loops[count].axis != lanes.outer)
    ++count;
  return count;
}

bool readsBackwards(const Nest &nest) {
  return std::any_of(nest.operands.begin(), nest.operands.end(),
                     [&](const Operand &operand) { return stride(operand, lanesOf(nest).axis) < 0; });
}

std::vector<std::string> rowAxes(const Nest &nest) {
  std::vector<std::string> rows;
  for (const Stage &stage : nest.stages)
    if (stage.kind == Kind::Statistic)
      for (const Dim &dim : stage.dims)
        if (!contains(rows, dim.axis))
          rows.push_back(dim.axis);
  return rows;
}

bool rowsAcross(const Nest &nest) {
  std::string lane = lanesOf(nest).axis;
  bool contiguousReduction = false, contiguousLane = false;
  for (const Stage &stage : nest.stages) {
    if (stage.kind != Kind::Statistic)
      continue;
    if (!runsOver(stage, lane))
      return false;
    for (const Operand &operand : nest.operands)
      for (const std::string &reduced : stage.reduce)
        if (stride(operand, reduced) && nest.axis(reduced).extent > 1) {
          contiguousReduction |= stride(operand, reduced) == 1;
          contiguousLane |= stride(operand, lane) == 1;
        }
  }
  return contiguousLane || !contiguousReduction;
}
} // namespace kiln::schedule
