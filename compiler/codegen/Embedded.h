//===- Embedded.h - files that the compiler carries --------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_EMBEDDED_H
#define KILN_CODEGEN_EMBEDDED_H
#include "compiler/codegen/Target.h"
#include <vector>

namespace kiln::codegen {
/// Archives for a target. An error when this compiler was built without them.
llvm::Expected<llvm::StringRef> runtimeArchive(const Target &target);
llvm::Expected<llvm::StringRef> mainArchive(const Target &target);
/// The trainer and the libraries it is linked with, in the linker's order; of this machine's kind alone.
std::vector<llvm::StringRef> trainerArchives();
/// The text of kiln.h.
llvm::StringRef interfaceHeader();
} // namespace kiln::codegen
#endif
