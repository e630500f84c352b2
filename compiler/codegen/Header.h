//===- Header.h - the C header of an artefact --------------------------------------------------------------------------===//
//
// In: a model's signature and sizes. Out: the text of a header that needs no other file: kiln.h's own text, the prototypes of
// <prefix>_*, the sizes as constants, and <prefix>_call, which takes one typed pointer for each tensor.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_HEADER_H
#define KILN_CODEGEN_HEADER_H
#include "compiler/codegen/Signature.h"

namespace kiln::codegen {

struct HeaderFacts {
  std::string prefix, model;
  Signature signature;
  uint64_t arena = 0, scratch = 0, weights = 0; ///< bytes, as in kiln_model
  bool hasDevice = false; ///< two functions more, and <prefix>_call_device
};
std::string headerText(const HeaderFacts &facts);
/// `name` as a C identifier in lower case: other characters become '_', and keywords get one at their end.
std::string identifier(llvm::StringRef name);

} // namespace kiln::codegen
#endif
