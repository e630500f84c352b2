//===- SpaceLegal.cpp - why a schedule cannot be applied to a nest ----------------------------------------------------===//
//
// Complete for what would read outside a buffer or silently compute something else; Halide's own exceptions cover the rest.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceGpu.h"
#include "compiler/schedule/SpaceTiles.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
std::string number(int64_t value) { return std::to_string(value); }

class Legality {
public:
  Legality(const Nest &nest, const Machine &machine, const Schedule &schedule) : nest(nest), machine(machine), schedule(schedule) {}

  std::string why() {
    std::string family = nest.first(Kind::Statistic) ? "row" : nest.first(Kind::Heavy) ? "tile" : "map";
    if (schedule.family != family)
      return "family " + schedule.family + ": this nest is of family " + family;
    std::string reason = vector();
    for (auto param = schedule.params.begin(); reason.empty() && param != schedule.params.end(); ++param)
      reason = one(param->first, param->second);
    if (reason.empty())
      reason = loops();
    if (reason.empty() && family == "tile")
      reason = tile();
    if (reason.empty() && family == "row")
      reason = row();
    return reason;
  }

private:
  const Nest &nest;
  const Machine &machine;
  const Schedule &schedule;

  std::string vector() const {
    int64_t vector = schedule.get("vector", 1);
    if (vector < 1 || vector > 64 || (vector & (vector - 1)))
      return "vector=" + number(vector) + ": expected a power of two up to 64";
    return "";
  }

  bool isReduction(const std::string &name) const {
    for (const Stage &stage : nest.stages)
      if (contains(stage.reduce, name))
        return true;
    return false;
  }

  std::string one(const std::string &key, const std::string &value) const {
    if (key == "vector")
      return "";
    if (key == "unroll")
      return schedule.get(key, 1) >= 1 && schedule.get(key, 1) <= 1024 ? "" : "unroll=" + value + ": expected 1 to 1024";
    if (key == "tail")
      return value != "guard" || schedule.family != "map" ? "tail=" + value + ": expected guard, of a map" : guard();
    if (key == "fetch")
      return fetched(value);
    if (key == "lanes")
      return isReduction(value) ? "" : "lanes=" + value + ": no reduction of this nest";
    if (key == "order" || key == "parallel" || key == "sum")
      return list(key, value);
    size_t underscore = key.find('_');
    std::string what = key.substr(0, underscore), name = underscore == std::string::npos ? "" : key.substr(underscore + 1);
    if (what == "at")
      return place(key, name, value);
    if (what != "tile" && what != "block" && what != "chunk")
      return key + ": no such parameter";
    const Axis *axis = findAxis(nest, name);
    if (!axis)
      return key + ": no axis " + name;
    int64_t size = schedule.get(key, 1);
    if (size < 1)
      return key + "=" + value + ": expected at least 1";
    if (what == "chunk")
      return chunk(key, *axis, size);
    if (isReduction(name))
      return what == "tile" ? partial(key, *axis, size) : key + ": " + name + " is a reduction";
    if (!runsOver(nest.result(), name))
      return key + ": the result does not run over " + name;
    int64_t covered = step(nest, schedule, name);
    if (what == "tile")
      return covered <= axis->extent ? "" : key + ": covers " + number(covered) + " of " + number(axis->extent);
    return size % covered == 0 ? "" : key + "=" + value + ": no multiple of the tile, " + number(covered);
  }

  std::string guard() const {
    if (nest.first(Kind::Prologue))
      return "tail=guard: not with a prologue, which is made for whole tiles";
    return readsBackwards(nest) ? "tail=guard: an operand is read backwards" : ""; // Halide has no such masked load
  }

  std::string fetched(const std::string &name) const {
    bool known = std::any_of(nest.operands.begin(), nest.operands.end(),
                             [&](const Operand &operand) { return operand.name == name && operand.own && !operand.heavy; });
    return known && schedule.family == "tile" ? "" : "fetch=" + name + ": no operand that a tile reads beside its sums";
  }

  std::string list(const std::string &key, const std::string &value) const {
    std::vector<std::string> seen;
    std::string wrong;
    for (const std::string &name : split(value, '.')) {
      bool known = key == "sum" ? isReduction(name) : runsOver(nest.result(), name);
      const char *fault = contains(seen, name) ? " twice"
                          : known              ? ""
                          : key == "sum"       ? " is no reduction of this nest"
                                               : " is no axis of the result";
      if (*fault)
        return wrong.append(key).append(": ").append(name).append(fault);
      seen.push_back(name);
    }
    return "";
  }

  std::string place(const std::string &key, const std::string &func, const std::string &value) const {
    bool known = std::any_of(nest.stages.begin(), nest.stages.end(),
                             [&](const Stage &stage) { return stage.kind == Kind::Prologue && stage.func == func; });
    if (!known)
      return key + ": no prologue " + func;
    return value == "root" || value == "tile" || runsOver(nest.result(), value) ? ""
                                                                                : key + "=" + value + ": no loop of the result";
  }

  std::string chunk(const std::string &key, const Axis &axis, int64_t size) const {
    const Stage *heavy = nest.first(Kind::Heavy);
    if (!heavy || !contains(heavy->reduce, axis.name))
      return key + ": " + axis.name + " is no reduction of a heavy stage";
    if (axis.extent % size)
      return key + ": " + number(size) + " does not divide " + number(axis.extent);
    return "";
  }

  std::string partial(const std::string &key, const Axis &axis, int64_t size) const {
    int64_t unit = foldedAxis(schedule) == axis.name ? schedule.get("vector", 1) : 1;
    if (size > 16)
      return key + ": more than 16 partial sums";
    return size == 1 || axis.extent % (size * unit) == 0
               ? ""
               : key + ": " + number(size * unit) + " does not divide " + number(axis.extent);
  }

  std::string loops() const {
    Lanes lanes = lanesOf(nest);
    if (foldedAxis(schedule).empty() && schedule.get("vector", 1) > lanes.extent)
      return "vector=" + number(schedule.get("vector", 1)) + ": wider than " + lanes.axis + ", " + number(lanes.extent);
    if (fusedLoops(loopsOf(nest, schedule), schedule) < 0)
      return "parallel=" + schedule.text("parallel", "") + ": not the outermost loops";
    return "";
  }

  std::string tile() const {
    Reduction r = reductionOf(nest, machine);
    Tile tile;
    int64_t partials = 1, held = 1;
    for (const auto &[key, value] : schedule.params) {
      if (key.rfind("tile_", 0) != 0)
        continue;
      std::string name = key.substr(5);
      int64_t size = schedule.get(key, 1);
      if (isReduction(name)) {
        partials *= size;
        continue;
      }
      tile.sizes[name] = size;
      tile.accumulators *= size;
    }
    r.folded = foldedAxis(schedule);
    held = registersOf(nest, r, tile) - tile.accumulators * r.scale * r.heavy->values;
    int64_t filled = tile.accumulators * partials * r.scale * r.heavy->values + held;
    if (tile.accumulators * partials > 1 && filled > machine.registers)
      return "the tile fills " + number(filled) + " registers of " + number(machine.registers);
    std::string chunked = chunkedAxis(nest, schedule);
    if (chunked.empty())
      return "";
    if (!r.folded.empty() || partials > 1)
      return "chunk_" + chunked + ": not together with partial sums";
    for (const Stage &stage : nest.stages)
      if (stage.kind == Kind::Heavy && stage.func != r.heavy->func)
        return "chunk_" + chunked + ": not with a second sum, " + stage.func;
    std::vector<Loop> loops = loopsOf(nest, schedule);
    size_t inside = loopsInSlab(nest, loops);
    if (!inside)
      return "chunk_" + chunked + ": no loop inside the slab; put the lanes' axes later in the order";
    for (size_t i = 0; i < loops.size(); ++i) {
      int64_t size = schedule.get("tile_" + loops[i].axis, 1);
      if (schedule.get("block_" + loops[i].axis, 0))
        return "block_" + loops[i].axis + ": not under a chunked sum";
      if (i < inside ? nest.axis(loops[i].axis).extent % size
                     : size > 1 && step(nest, schedule, loops[i].axis) == size && !isLane(loops[i].axis))
        return "tile_" + loops[i].axis + ": must divide the axis and stand inside the slab under a chunked sum";
    }
    if (fusedLoops(loops, schedule) > int(loops.size() - inside))
      return "parallel: inside the slab of a chunked sum";
    return "";
  }

  bool isLane(const std::string &name) const {
    Lanes lanes = lanesOf(nest);
    return name == lanes.axis || name == lanes.outer;
  }

  std::string row() const {
    std::vector<std::string> rows = rowAxes(nest);
    bool outside = false;
    std::vector<Loop> loops = loopsOf(nest, schedule);
    for (const Loop &loop : loops) {
      bool row = contains(rows, loop.axis);
      if (outside && !row)
        return "order: " + loop.axis + " stands outside the rows";
      outside |= row;
      if (row && !isLane(loop.axis) && schedule.get("tile_" + loop.axis, 1) > 1)
        return "tile_" + loop.axis + ": rows are computed one at a time";
      if (!row && schedule.get("block_" + loop.axis, 0))
        return "block_" + loop.axis + ": inside a row";
    }
    int fused = fusedLoops(loops, schedule);
    for (int i = 0; i < fused; ++i)
      if (!contains(rows, loops[loops.size() - 1 - i].axis))
        return "parallel: " + loops[loops.size() - 1 - i].axis + " is inside a row";
    return "";
  }
};
} // namespace

std::string legal(const Nest &nest, const Machine &machine, const Schedule &schedule) {
  return isGpu(schedule) ? gpuLegal(nest, schedule) : Legality(nest, machine, schedule).why();
}
} // namespace kiln::schedule
