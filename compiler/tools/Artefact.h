//===- Artefact.h - what a file that kiln made says of itself ----------------------------------------------------------------===//
//
// In: an executable, shared library, static library or object. Out: its provenance, which every artefact carries as one line of JSON
// (kiln_model_info.provenance), as text for people: the model, kernels, plan, and the bytes of each part.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_ARTEFACT_H
#define KILN_TOOLS_ARTEFACT_H
#include "llvm/Support/Error.h"
#include <string>

namespace kiln::tools {
llvm::Expected<std::string> describeArtefact(const std::string &path);
} // namespace kiln::tools
#endif
