//===- Card.h - runs on an NVIDIA card, timed by its events -----------------------------------------------------------------===//
//
// In: a model compiled for a card. Out: the time of whole runs with everything on the card, of each of the model's steps, and what the
// card can do at most: multiply-adds in registers, and reading memory that no cache holds. What the driver refuses is told.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_CARD_H
#define KILN_TOOLS_CARD_H
#include "compiler/tools/Machine.h"
#include "compiler/tools/Timing.h"

namespace kiln::tools {
struct CardTiming {
  std::string name; ///< of the card, as the driver calls it
  Timing whole;
  std::vector<double> steps; ///< seconds, medians, one for each of kiln_device_model.steps
};
/// Runs for about `seconds`. False: `problem` says what went wrong.
bool timeOnCard(const kiln_model &model, double seconds, CardTiming &timing, std::string &problem);
bool measureCard(MachinePeak &peak, std::string &problem);
} // namespace kiln::tools
#endif
