//===- SpaceParallel.cpp - which loops run on several threads ---------------------------------------------------------===//
//
// Handing a task to a thread costs a few tenths of a microsecond, waking one several: nests below about 15 us stay on one thread. Above,
// the outermost loops are fused until two, four and eight threads get equal shares; tasks far below a microsecond are joined in blocks.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceRule.h"
#include <algorithm>
#include <cmath>

namespace kiln::schedule {
namespace {
constexpr double worthThreads = 15, shortestTask = 2;

/// How much longer the slowest of 2, 4 or 8 threads works than its fair share.
double imbalance(int64_t tasks) {
  double worst = 1;
  for (int64_t threads : {2, 4, 8})
    worst = std::max(worst, double(ceilDiv(tasks, threads) * threads) / double(tasks));
  return worst;
}
} // namespace

double microseconds(const Nest &nest, const Machine &machine) {
  double perMicrosecond = double(machine.lanes) * (nest.first(Kind::Statistic) ? 800 : nest.first(Kind::Heavy) ? 6000 : 300);
  double bytes = 4;
  for (const Dim &dim : nest.result().dims)
    bytes *= double(nest.axis(dim.axis).extent);
  for (const Operand &operand : nest.operands)
    bytes += 4 * double(elements(nest, operand));
  return std::max(double(work(nest)) / perMicrosecond, bytes / 50e3);
}

Schedule inParallel(const Nest &nest, const Machine &machine, const Schedule &schedule) {
  double time = microseconds(nest, machine);
  if (time < worthThreads)
    return schedule;
  std::vector<Loop> loops = loopsOf(nest, schedule);
  size_t inner = 0; // loops below this run inside something computed once per task
  if (!chunkedAxis(nest, schedule).empty())
    inner = loopsInSlab(nest, loops);
  if (schedule.family == "row") {
    std::vector<std::string> rows = rowAxes(nest);
    while (inner < loops.size() && !contains(rows, loops[inner].axis))
      ++inner;
    if (inner == loops.size())
      return schedule;
  }
  std::vector<std::string> names, best;
  int64_t tasks = 1, bestTasks = 1;
  for (size_t i = loops.size(); i-- > inner && names.size() < 3;) {
    if (loops[i].trips == 1)
      continue;
    if (contains(names, loops[i].axis)) // tiles inside their own block
      break;
    if (tasks >= 2 && imbalance(tasks) <= 1.15)
      break;
    if (tasks >= 2 && time / double(tasks * loops[i].trips) < shortestTask / 4)
      break;
    names.insert(names.begin(), loops[i].axis);
    tasks *= loops[i].trips;
    if (best.empty() || imbalance(tasks) < imbalance(bestTasks)) {
      best = names;
      bestTasks = tasks;
    }
  }
  if (best.empty())
    return schedule;
  Schedule parallel = schedule.with("parallel", join(best));
  // Maps and rows: several trips make one task.
  if (schedule.family != "tile" && best.size() == 1 && time / double(bestTasks) < shortestTask) {
    int64_t wanted = std::clamp<int64_t>(int64_t(time / (2 * shortestTask)), 2, 32);
    while (wanted & (wanted - 1))
      wanted &= wanted - 1;
    int64_t trips = ceilDiv(bestTasks, wanted);
    if (trips > 1)
      parallel = parallel.with("block_" + best[0], std::to_string(trips * step(nest, schedule, best[0])));
  }
  return parallel;
}
} // namespace kiln::schedule
