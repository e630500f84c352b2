//===- Object.h - MLIR's LLVM dialect becomes machine code -------------------------------------------------------------===//
//
// In: a module of the LLVM dialect, a target. Out: a relocatable ELF object, position independent, that depends on nothing else.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_OBJECT_H
#define KILN_CODEGEN_OBJECT_H
#include "compiler/codegen/Program.h"

namespace kiln::codegen {
llvm::Expected<ProgramObject> compileObject(mlir::ModuleOp module, const Target &target);
/// Bytes of code and constants in an object.
int64_t loadedBytes(llvm::StringRef object);
} // namespace kiln::codegen
#endif
