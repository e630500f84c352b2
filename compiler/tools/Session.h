//===- Session.h - a loaded model runs on files, as a compiled executable does ---------------------------------------------------===//
#ifndef KILN_TOOLS_SESSION_H
#define KILN_TOOLS_SESSION_H
#include "runtime/core/model.h"
#include <vector>

namespace kiln::tools {
/// One npy path for each input and output, null for an output that nobody wants. Answers an exit code, and has said what went wrong.
int runSession(const kiln_model &model, std::vector<const char *> inputs, std::vector<const char *> outputs, int32_t threads);
} // namespace kiln::tools
#endif
