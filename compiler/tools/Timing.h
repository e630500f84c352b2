//===- Timing.h - runs of a model, timed ---------------------------------------------------------------------------------------===//
//
// In: a model compiled with a clock (codegen/Program.h): its last output holds a time stamp before the first launch and after each. Out: the
// time of whole runs, and the median time of each launch.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_TIMING_H
#define KILN_TOOLS_TIMING_H
#include "runtime/core/model.h"
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace kiln::tools {
using Clock = std::chrono::steady_clock;
double secondsSince(Clock::time_point start);

struct Destroy {
  void operator()(kiln_context *context) const { kiln_destroy(context); }
};
using RunContext = std::unique_ptr<kiln_context, Destroy>;

struct Timing {
  double least = 0, median = 0; ///< seconds
  size_t runs = 0;
};
/// Tensors as a model describes them, filled with numbers in [-1, 1), and with zeros where they are integers.
struct MadeUp {
  MadeUp(const kiln_tensor_info *infos, int32_t count);
  std::vector<kiln_tensor> tensors;

private:
  struct Free {
    void operator()(void *memory) const { free(memory); }
  };
  std::vector<std::unique_ptr<void, Free>> memory;
};
/// The median.
double middle(std::vector<double> &numbers);
/// Repeats for about `seconds`, at least three times. False: `problem` says what went wrong.
bool timeModel(const kiln_model &model, int32_t threads, double seconds, Timing &whole, std::vector<double> &launches,
               std::string &problem);
} // namespace kiln::tools
#endif
