//===- Zygote.h - jobs that run alone, each in a process of its own --------------------------------------------------===//
//
// In: jobs, named texts. Out: the texts that each answered, or why it did not. Halide's name counters are global to a process and reach
// the code it makes, and LLVM may abort: so a kernel is compiled in a process that compiles nothing else. All of them are forked from
// one zygote, itself forked when the program starts, before Halide or MLIR have been touched or have threads.
//
// Parent and zygote share a control socket; each job has a socket of its own, over which its process reads arguments and answers, and
// a file for what it prints. So a process that is killed loses its own answer and nothing else.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_ZYGOTE_H
#define KILN_CODEGEN_ZYGOTE_H
#include "llvm/Support/Error.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kiln::codegen {

using Texts = std::vector<std::string>;
/// Runs in the job's process. A std::exception becomes the job's error.
using Task = std::function<Texts(const Texts &arguments)>;

struct Limits {
  unsigned seconds = 600; ///< of wall clock
  uint64_t bytes = uint64_t(6) << 30; ///< of address space, libraries included
};

struct Job {
  std::string task; ///< a name given to startZygote
  Texts arguments;
  Limits limits = {};
};

struct Answer {
  Texts texts;
  std::string error; ///< empty when it went well
  double seconds = 0; ///< of processor time
  int64_t peakBytes = 0; ///< of resident memory
  bool ok() const { return error.empty(); }
};

/// Forks the zygote. Call it first in main. What jobs need must be loaded by then or be loaded by the task itself.
void startZygote(std::map<std::string, Task> tasks);

/// Runs all jobs, up to `parallel` at once, and calls `done(index)` as each ends. Answers stand in the order of the jobs.
llvm::Expected<std::vector<Answer>> runJobs(const std::vector<Job> &jobs, unsigned parallel,
                                            const std::function<void(size_t, const Answer &)> &done = {});

} // namespace kiln::codegen
#endif
