#include "compiler/schedule/SpaceOnce.h"
#include "compiler/schedule/SpaceRule.h"
#include <algorithm>

namespace kiln::schedule {
// Tiles that do not divide shift inwards and visit some elements twice.
bool visitsOnce(const Nest &nest, const Schedule &schedule) {
  return schedule.text("tail", "") == "guard" ||
         std::all_of(nest.result().dims.begin(), nest.result().dims.end(),
                     [&](const Dim &dim) { return nest.axis(dim.axis).extent % step(nest, schedule, dim.axis) == 0; });
}

Schedule defaultsOnce(const Nest &nest, const Machine &machine) {
  Schedule usual = defaults(nest, machine);
  if (nest.first(Kind::Statistic) || !nest.first(Kind::Heavy)) {
    Schedule guarded = usual.with("tail", "guard");
    return visitsOnce(nest, usual) || !legal(nest, machine, guarded).empty() ? usual : guarded;
  }
  // Cycles of one vector of results: what a lesser tile loses over the sum, against one more trip to the second cache and back.
  constexpr double copied = 12;
  double best = 0, taps = double(reductionOf(nest, machine).taps);
  for (const Tile &tile : tilesOf(nest, machine)) {
    best = std::max(best, tile.score);
    if (tile.score <= 0 || taps / 2 * (1 / tile.score - 1 / best) > copied)
      break;
    Schedule once = inParallel(nest, machine, tileSchedule(nest, machine, tile));
    for (const Operand &operand : nest.operands) // a state that was last read a step ago
      if (Schedule fetched = once.with("fetch", operand.name); legal(nest, machine, fetched).empty())
        once = fetched;
    if (visitsOnce(nest, once) && legal(nest, machine, once).empty())
      return once;
  }
  return usual;
}
} // namespace kiln::schedule
