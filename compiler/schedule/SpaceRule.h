//===- SpaceRule.h - the parts of the closed-formula rule -------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_SPACERULE_H
#define KILN_SCHEDULE_SPACERULE_H
#include "compiler/schedule/SpaceTiles.h"

namespace kiln::schedule {
/// The whole schedule around one register tile: loop order, chunks, blocks, unrolling.
Schedule tileSchedule(const Nest &nest, const Machine &machine, const Tile &tile);
/// The best tile, or a slightly lesser one whose sums can be cut into chunks where that matters more.
Tile ruledTile(const Nest &nest, const Machine &machine);
Schedule rowSchedule(const Nest &nest, const Machine &machine);
Schedule mapSchedule(const Nest &nest, const Machine &machine);
/// The same schedule with `parallel` (and, where single trips are too short for a task, a block) when the nest is worth more threads.
Schedule inParallel(const Nest &nest, const Machine &machine, const Schedule &schedule);
/// Expected time of one thread.
double microseconds(const Nest &nest, const Machine &machine);
/// The prologue that a map reads along one axis and writes along another, or null; `along` is the former.
const Stage *transposed(const Nest &nest, std::string &along);
} // namespace kiln::schedule

#endif
