//===- Embedded.h - files that the compiler carries --------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_EMBEDDED_H
#define KILN_CODEGEN_EMBEDDED_H
#include "compiler/codegen/Target.h"

namespace kiln::codegen {
/// Archives for a target. An error when this compiler was built without them.
llvm::Expected<llvm::StringRef> runtimeArchive(const Target &target);
llvm::Expected<llvm::StringRef> mainArchive(const Target &target);
/// The text of kiln.h.
llvm::StringRef interfaceHeader();
} // namespace kiln::codegen
#endif
