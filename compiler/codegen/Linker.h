//===- Linker.h - the programs of the machine that link ----------------------------------------------------------------===//
//
// In: arguments. Out: the file that a linker, or a C compiler as its driver, made; an error when none is installed says what to do.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_LINKER_H
#define KILN_CODEGEN_LINKER_H
#include "compiler/codegen/Staging.h"
#include "compiler/codegen/Target.h"

namespace kiln::codegen {
/// ld.lld-19, ld.lld or, for this machine's own kind, ld.
llvm::Error runLinker(const Target &target, const std::vector<std::string> &arguments, const ScratchFolder &scratch);
/// cc, gcc or clang, with this machine's C library.
llvm::Error runDriver(const std::vector<std::string> &arguments, const ScratchFolder &scratch);
} // namespace kiln::codegen
#endif
