//===- ZygoteProcess.h - what parent and zygote say to each other ----------------------------------------------------===//
//
// Over the control socket, one packet each: Order (with the job's socket and the file for its prints attached) and Ended. Over a job's
// socket: lists of texts, first the task's name and its arguments, then "ok" and the answer, or "error" and why.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_ZYGOTEPROCESS_H
#define KILN_CODEGEN_ZYGOTEPROCESS_H
#include "compiler/codegen/Zygote.h"

namespace kiln::codegen {

struct Order {
  uint64_t job;
  Limits limits;
};
struct Ended {
  uint64_t job;
  int status; ///< as wait() gives it
  double seconds;
  int64_t peakBytes;
};

std::string packTexts(const Texts &texts);
bool unpackTexts(const std::string &packed, Texts &texts);
/// Sends length and bytes; false when nobody listens.
bool sendBytes(int socket, const std::string &bytes);

/// The zygote's life; it returns when the parent is gone.
void serve(int control, const std::map<std::string, Task> &tasks);

} // namespace kiln::codegen
#endif
