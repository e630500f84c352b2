//===- Localise.h - only the model's own symbols stay visible ----------------------------------------------------------===//
//
// In: a relocatable object. Out: the same with every defined symbol but the ones to keep made local, and without debug
// information, comments and unwind tables: nothing in it depends on where it was made.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_LOCALISE_H
#define KILN_CODEGEN_LOCALISE_H
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace kiln::codegen {
llvm::Error localise(const std::string &object, llvm::ArrayRef<std::string> keep, const std::string &output);
} // namespace kiln::codegen
#endif
