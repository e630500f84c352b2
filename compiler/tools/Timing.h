//===- Timing.h - runs of a model, timed ---------------------------------------------------------------------------------------===//
//
// In: a model compiled with a clock (codegen/Program.h): its last output holds a time stamp before the first launch and after each. Out: the
// time of whole runs, and the median time of each launch.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_TIMING_H
#define KILN_TOOLS_TIMING_H
#include "runtime/core/model.h"
#include <string>
#include <vector>

namespace kiln::tools {
struct Timing {
  double least = 0, median = 0; ///< seconds
  size_t runs = 0;
};
/// Repeats for about `seconds`, at least three times. False: `problem` says what went wrong.
bool timeModel(const kiln_model &model, int32_t threads, double seconds, Timing &whole, std::vector<double> &launches,
               std::string &problem);
} // namespace kiln::tools
#endif
