//===- SpaceCandidates.cpp - schedules worth timing besides the default -----------------------------------------------===//
//
// KERNELS: where the rule is not best, the winner is mostly another chunk, another order or another of the first tiles.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceRule.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
class Candidates {
public:
  Candidates(const Nest &nest, const Machine &machine, size_t most) : nest(nest), machine(machine), most(most) {
    found.push_back(defaults(nest, machine));
  }

  std::vector<Schedule> all() {
    if (found[0].family == "tile")
      tiles();
    else
      copies();
    return found;
  }

private:
  const Nest &nest;
  const Machine &machine;
  size_t most;
  std::vector<Schedule> found;

  void add(const Schedule &schedule) {
    Schedule whole = inParallel(nest, machine, schedule);
    if (found.size() < most && std::find(found.begin(), found.end(), whole) == found.end() && legal(nest, machine, whole).empty())
      found.push_back(whole);
  }

  void copies() {
    Schedule base = (found[0].family == "row" ? rowSchedule : mapSchedule)(nest, machine);
    std::string lane = lanesOf(nest).axis;
    for (const char *copies : {"1", "2", "8"}) {
      if (base.params.count("tile_" + lane))
        add(base.with("tile_" + lane, copies));
      if (base.params.count("unroll"))
        add(base.with("unroll", copies));
    }
    for (const Dim &dim : nest.result().dims)
      if (base.family == "map" && nest.axis(dim.axis).extent % step(nest, base, dim.axis))
        add(base.with("tail", base.params.count("tail") ? "" : "guard"));
    add(base.with("vector", std::to_string(std::max<int64_t>(1, base.get("vector", 1) / 2))));
  }

  void tiles() {
    std::vector<Tile> tiles = tilesOf(nest, machine);
    if (tiles.size() > 4)
      tiles.resize(4);
    std::vector<Schedule> bases;
    for (const Tile &tile : tiles)
      bases.push_back(tileSchedule(nest, machine, tile));
    for (const Schedule &base : bases)
      add(base);
    for (const Schedule &base : bases) {
      add(base.with("unroll", "2"));
      add(base.with("unroll", "8"));
      rotated(base);
      chunks(base);
    }
  }

  /// The innermost loops in another order: weights outside instead of pixels, or the reverse.
  void rotated(const Schedule &base) {
    std::vector<std::string> order = split(base.text("order", ""), '.');
    size_t inner = std::min<size_t>(order.size(), 3);
    if (inner > 1) {
      std::rotate(order.begin(), order.begin() + 1, order.begin() + inner);
      add(base.with("order", join(order)));
    }
  }

  void chunks(const Schedule &base) {
    for (const std::string &reduced : nest.first(Kind::Heavy)->reduce) {
      if (nest.axis(reduced).inner.empty())
        continue;
      add(base.with("chunk_" + reduced, ""));
      for (int64_t chunk : {4, 8, 16})
        if (chunk < nest.axis(reduced).extent)
          add(base.with("chunk_" + reduced, std::to_string(chunk)));
    }
  }
};
} // namespace

std::vector<Schedule> candidates(const Nest &nest, const Machine &machine, size_t most) {
  return Candidates(nest, machine, most).all();
}
} // namespace kiln::schedule
